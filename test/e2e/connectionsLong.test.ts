/** The faults that take half a minute to detect. The tests run concurrently. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { connect } from "../support/McpClients.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode, start } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"
import {
  answeredTurn,
  assertWhole,
  behindProxy,
  makeSession,
  midTurn,
  midTurnRaw,
  patient,
  throughProxy,
} from "../support/throughProxy.ts"

/** An opencode that may be killed, and a client without a proxy in between. */
const ownOpencode = Effect.fnUntraced(function* (api: 1 | 2, title: string) {
  const opencode = yield* start({ api })
  const relay = yield* makeRelay()
  yield* relay.register("main", opencode)
  return { opencode, client: yield* connect(relay), session: yield* makeSession(opencode, title) }
})

onBothVersions((api) => {
  layer(RealOpencode.layer({ api }), {
    excludeTestServices: true,
    concurrent: true,
  })("when the connection breaks for long", (it) => {
    it.effect("the event stream is silent for half a minute without closing: completed, no text lost", () =>
      Effect.gen(function* () {
        const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Silence")
        const turn = yield* midTurn(client, session.id, "slow: 10 200")
        yield* proxy.stallEvents
        assertWhole(yield* Fiber.join(turn), yield* session.texts)
        // The silent connection was closed.
        assert.isAtMost((yield* proxy.open).events, 1)
      }),
    )

    it.effect("opencode restarts during the turn: interrupted, with what was written so far", () =>
      Effect.gen(function* () {
        const { client, opencode, session } = yield* ownOpencode(api, "Restart")
        const turn = yield* midTurn(client, session.id, "slow: 600")
        yield* opencode.restart
        const { next, outcome, text } = yield* Fiber.join(turn)
        assert.strictEqual(outcome, "interrupted")
        assert.match(text, /^tick 1 /u)
        assert.include(next, "get_session")
      }),
    )

    it.effect("opencode is killed and comes back after a few seconds: interrupted, with what was written so far", () =>
      Effect.gen(function* () {
        const { client, opencode, session } = yield* ownOpencode(api, "Back")
        const turn = yield* midTurn(client, session.id, "slow: 600")
        yield* opencode.kill
        yield* Effect.sleep("4 seconds")
        yield* opencode.restart
        const { outcome, text } = yield* Fiber.join(turn)
        assert.strictEqual(outcome, "interrupted")
        assert.match(text, /^tick 1 /u)
      }),
    )

    it.effect(
      "opencode is killed and does not come back: unreachable after half a minute, with what was written so far",
      () =>
        Effect.gen(function* () {
          const { client, opencode, session } = yield* ownOpencode(api, "Killed")
          const turn = yield* midTurn(client, session.id, "slow: 600")
          yield* opencode.kill
          const { next, outcome, text } = yield* Fiber.join(turn)
          assert.strictEqual(outcome, "unreachable")
          assert.match(text, /^tick 1 /u)
          assert.include(next, "refresh_instances")
        }),
    )

    it.effect("the machine sleeps for longer than the call may wait: completed, no text lost", () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const { proxy, relay } = yield* behindProxy(opencode)
        const session = yield* makeSession(opencode, "Sleep long")
        const raw = yield* startRaw(relay, { variables: { ...patient, SEND_TIMEOUT_MS: "25000" } })
        const call = yield* midTurnRaw(raw, session.id, "slow: 10 200")
        yield* raw.kill("SIGSTOP")
        yield* proxy.cut
        yield* session.idle
        yield* Effect.sleep("25 seconds")
        yield* raw.kill("SIGCONT")
        assertWhole(yield* answeredTurn(raw, call), yield* session.texts)
      }),
    )
  })
})
