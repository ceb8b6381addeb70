/** What `abort` says of a turn that was not stopped, and its exit status. */
import { assert, describe, it } from "@effect/vitest"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"
import { abortStatus, abortText } from "../../../src/cli/terminal/abortText.ts"

const view = { instance: "api", session_id: "ses_1", was_running: true, final: true, dismissed_count: 0 } as const

describe("abort", () => {
  it("counts what it dismissed, and names what starts next", () => {
    const text = abortText({ ...view, dismissed_count: 2, parked: [{ message_id: "msg_1", text: "Go on" }] })
    assert.include(text, "Dismissed 2 pending requests. 1 message in its inbox starts with the next message")
    assert.include(text, "Go on")
  })

  it("is not done if the session is still busy", () => {
    assert.strictEqual(abortStatus({ ...view, final: false }), exitStatus.running)
    assert.include(abortText({ ...view, final: false }), "still busy. `opencode-fleet sessions api`")
  })

  it("fails if the turn is running elsewhere, and says how to stop it there", () => {
    const elsewhere = { ...view, was_running: false, elsewhere: true, running_at: "web" } as const
    assert.strictEqual(abortStatus(elsewhere), exitStatus.failed)
    assert.include(abortText(elsewhere), "`opencode-fleet abort web ses_1` stops it there")
  })
})
