/** An HTTP client sends a call again, with the same id, because its connection broke. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { initialize, makeToys, toolCall } from "./toyEndpoint.ts"

it.effect("A call that is sent again with the same id runs once; one with another id is a call of its own", () =>
  Effect.gen(function* () {
    const { open, send, waited, waits } = yield* makeToys()
    const { session } = yield* send({ body: initialize() })
    const stream = yield* Scope.fork(yield* Effect.scope)
    yield* Scope.provide(open({ session, body: toolCall("wait", 2) }), stream)
    assert.strictEqual(yield* waits, "began")
    yield* Scope.close(stream, Exit.void)
    yield* open({ session, body: toolCall("wait", 2) })
    assert.strictEqual((yield* send({ session, body: toolCall("look", 3) })).status, 200)
    assert.strictEqual(yield* waited, 0)
    yield* open({ session, body: toolCall("wait", 4) })
    assert.strictEqual(yield* waits, "began")
  }),
)

it.effect("A call that ended after its connection broke is not run again either", () =>
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
    // This one has been answered, so the same again is another call.
    yield* send({ session, body: toolCall("finish", 4) })
    yield* send({ session, body: toolCall("finish", 4) })
    assert.strictEqual(yield* begun, 2)
  }),
)
