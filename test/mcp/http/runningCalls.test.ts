/** An HTTP client sends a call again, with the same id, because its connection broke. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { makeRunningCalls } from "../../../src/mcp/http/runningCalls.ts"
import { initialize, makeToys, toolCall } from "./toyEndpoint.ts"

it.effect("A call that is sent again with the same id runs once; one with another id is a call of its own", () =>
  Effect.gen(function* () {
    const { open, send, waited, waits } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    const stream = yield* Scope.fork(yield* Effect.scope)
    yield* Scope.provide(open({ session, body: toolCall("wait", 2) }), stream)
    assert.strictEqual(yield* waits, "began")
    yield* Scope.close(stream, Exit.void)
    const again = yield* Effect.forkChild(open({ session, body: toolCall("wait", 2) }))
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(again)
    assert.strictEqual((yield* send({ session, body: toolCall("look", 3) })).status, 200)
    assert.strictEqual(yield* waited, 0)
    yield* open({ session, body: toolCall("wait", 4) })
    assert.strictEqual(yield* waits, "began")
  }),
)

it.effect("Of two requests with one id that are read at once, the one whose connection is not broken is answered", () =>
  Effect.gen(function* () {
    const { begins, finish, open, send } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    const call = { session, body: toolCall("finish", 2) }
    const alive = yield* open(call)
    yield* begins
    const broken = yield* Effect.forkChild(Effect.scoped(Effect.andThen(open(call), Effect.never)))
    yield* send({ session, body: toolCall("look", 3) })
    yield* Fiber.interrupt(broken)
    yield* finish
    assert.include(yield* Effect.promise(() => alive.text()), "structuredContent")
  }),
)

it.effect("A call that changes something is not run again after it has ended, broken connection or not", () =>
  Effect.gen(function* () {
    const { begins, begun, finish, open, send } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    const stream = yield* Scope.fork(yield* Effect.scope)
    yield* Scope.provide(open({ session, body: toolCall("finish", 2) }), stream)
    yield* begins
    yield* Scope.close(stream, Exit.void)
    yield* finish
    yield* send({ session, body: toolCall("look", 3) })
    assert.include((yield* send({ session, body: toolCall("finish", 2) })).text, "structuredContent")
    assert.strictEqual(yield* begun, 0)
    // The server has sent this answer, maybe into a dead connection.
    const first = yield* send({ session, body: toolCall("change", 4) })
    assert.include(first.text, '"count":1')
    assert.include((yield* send({ session, body: toolCall("change", 4) })).text, '"count":1')
    assert.include((yield* send({ session, body: toolCall("change", 5) })).text, '"count":2')
    yield* TestClock.adjust("6 minutes")
    assert.include((yield* send({ session, body: toolCall("change", 4) })).text, '"count":3')
  }),
)

it.effect("A call that only reads runs again, for clients that use one id for all calls", () =>
  Effect.gen(function* () {
    const { send } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    assert.include((yield* send({ session, body: toolCall("read", 1) })).text, '"count":1')
    assert.include((yield* send({ session, body: toolCall("read", 1) })).text, '"count":2')
  }),
)

const ended = Effect.fnUntraced(function* (text: string, ids: ReadonlyArray<number>) {
  const calls = makeRunningCalls({ isReadonly: () => false, maxAgeMs: 1000, now: () => 0 })
  const ran: Array<number> = []
  const send = (id: number) =>
    Effect.promise(() =>
      calls.call({ id, name: "send", args: {} }, async () => {
        ran.push(id)
        return { content: [{ type: "text", text }] }
      }),
    )
  yield* Effect.forEach(ids, send)
  return ran
})

it.effect("Only the last answers are kept, and only short ones", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* ended("short", [1, 2, 3, 4, 1, 5, 2, 1]), [1, 2, 3, 4, 5, 1])
    assert.deepStrictEqual(yield* ended("x".repeat(30_000), [1, 2, 2, 1, 3, 2, 1]), [1, 2, 3, 1])
    assert.deepStrictEqual(yield* ended("x".repeat(70_000), [1, 1]), [1, 1])
  }),
)
