/** How a followed turn ends in a terminal: in commands, never in names of MCP tools. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { endWith, summary } from "../../../src/cli/process/turnExit.ts"
import { fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { FleetToolkit } from "../../../src/tools/FleetToolkit.ts"
import { InstanceUnreachable } from "../../../src/opencode/errors.ts"
import { outcomeDetail } from "../../../src/tools/turns/turnView.ts"
import type { TurnView } from "../../../src/tools/turns/turnSchemas.ts"

const view: TurnView = {
  instance: "api",
  session_id: "ses_1",
  message_id: "msg_1",
  outcome: "completed",
  text: "",
  tools: [],
  files: [],
  input_tokens: 1,
  output_tokens: 1,
  cost: 0,
}

const tools = new RegExp(Object.keys(FleetToolkit.tools).join("|"), "u")

it("The detail of an outcome names no tool either", () => {
  const error = new InstanceUnreachable({
    instance: "api",
    url: "http://127.0.0.1:4096",
    mayHaveArrived: false,
    detail: "ECONNREFUSED",
  })
  const detail = outcomeDetail({ _tag: "unreachable", detail: "", error })
  assert.include(detail, "ECONNREFUSED")
  assert.notMatch(detail, tools)
})

const outcomes = [
  ["failed", 1],
  ["aborted", 1],
  ["rejected", 1],
  ["needs permission", 3],
  ["needs answer", 3],
  ["still running", 4],
  ["interrupted", 1],
  ["unreachable", 1],
] as const

describe("The end of a turn in a terminal", () => {
  it.effect.each(outcomes)("%s exits with %i and names no tool", ([outcome, status]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(endWith({ ...view, outcome }))
      assert.strictEqual(error.status, status)
      assert.notMatch(error.reason, tools)
      assert.notMatch(summary({ ...view, outcome }), tools)
      if (status > 1) assert.match(error.reason, /`opencode-fleet (?:approve|answer|read) api ses_1/u)
    }).pipe(Effect.provide(fakeFleetLayer("api"))),
  )
})
