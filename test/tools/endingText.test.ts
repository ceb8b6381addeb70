/** What a client is told instead of the answer to its call. */
import { assert, it } from "@effect/vitest"
import { endingText, inputEndText, lostText } from "../../src/tools/endingText.ts"

it("A call that the end of the server cut short, and one whose answer has expired, differ in their reason", () => {
  assert.strictEqual(
    endingText({ name: "send_message", args: { session_id: "ses_1" } }),
    "opencode-fleet was stopped or restarted during this call of send_message. If the message was sent, the agent of session ses_1 keeps working on it: call wait_for_session for the outcome, and send it again only if get_session does not show it; the server is usually back within seconds.",
  )
  assert.strictEqual(
    lostText("send_message"),
    "The answer to this call of send_message is no longer available: its connection was lost for too long, or opencode-fleet was restarted. If the message was sent, the agent keeps working on it: call wait_for_session for the outcome, and send it again only if get_session does not show it.",
  )
})

it("A call that the end of the input cut short says so", () => {
  assert.strictEqual(
    inputEndText({ name: "wait_for_session", args: {} }),
    "The input of opencode-fleet was closed during this call of wait_for_session, which ends it. The agents keep working. Call it again for the outcome.",
  )
})

it("A message that was sent, and whose agent waits for a person, is said to be so", () => {
  const text = inputEndText({ name: "send_message", args: { session_id: "ses_1" }, isAsking: true })
  assert.include(text, "The message was sent. The agent of session ses_1 waits for a person")
  assert.notInclude(text, "If the message was sent")
})
