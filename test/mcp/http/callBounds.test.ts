/** How many calls wait at once. */
import { assert, it } from "@effect/vitest"
import type { CallToolResult, InputRequiredResult } from "@modelcontextprotocol/server"
import { Effect } from "effect"
import { makeCallBounds } from "../../../src/mcp/http/callBounds.ts"

type Result = CallToolResult | InputRequiredResult

it.effect("A session, and a caller with all its sessions, have a share of the calls that wait", () =>
  Effect.gen(function* () {
    const within = makeCallBounds()
    const ended = Promise.withResolvers<Result>()
    const done: Result = { content: [{ type: "text", text: "done" }] }
    const wait = (caller: string, session?: string) => within(caller, session, () => ended.promise)
    const text = (caller: string, session?: string) =>
      Effect.map(
        Effect.promise(() => within(caller, session, async () => done)),
        (result) => JSON.stringify(result.content),
      )
    const waiting = [...Array(64)].map(() => wait("anna", "a"))
    assert.include(yield* text("anna", "a"), "This session already has 64 calls waiting")
    assert.include(yield* text("anna", "b"), "done")
    waiting.push(...[...Array(448)].map((_, index) => wait("anna", index % 2 === 0 ? undefined : `s${index}`)))
    for (const session of ["b", undefined]) {
      assert.include(yield* text("anna", session), "This caller (all its clients together) already has 512 calls")
    }
    assert.include(yield* text("bert", "c"), "done")
    ended.resolve(done)
    yield* Effect.promise(() => Promise.all(waiting))
    assert.include(yield* text("anna", "a"), "done")
  }),
)
