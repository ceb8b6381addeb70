/** Many concurrent turns on real opencodes, and calls that are cancelled or whose client closes. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { type FaultProxy, makeFaultProxy } from "../support/FaultProxy.ts"
import { connect, kinds } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode, start } from "../support/RealOpencode.ts"
import { assertWhole, behindProxy, makeSession, midTurn, promptRequest, throughProxy } from "../support/throughProxy.ts"

const count = (proxy: FaultProxy, matching: RegExp) =>
  Effect.map(proxy.requests, (requests) => requests.filter((request) => matching.test(request)).length)

const eventsRequest = /^GET \/global\/event/u

/** Its event stream stays for the next call; every other connection is closed. */
const rests = (proxy: FaultProxy) => proxy.open.pipe(eventually(({ events, others }) => events === 1 && others === 0))

layer(RealOpencode.layer(), { excludeTestServices: true, concurrent: true })("many turns at once", (it) => {
  it.effect("twenty, on two opencodes and in six sessions, each return their own answer to their own caller", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      const instances = yield* Effect.forEach(
        [
          ["one", yield* RealOpencode],
          ["two", yield* start()],
        ] as const,
        Effect.fnUntraced(function* ([name, opencode]) {
          const proxy = yield* makeFaultProxy(opencode)
          yield* relay.register(name, { directory: opencode.directory, port: proxy.port })
          const sessions = yield* Effect.forEach(["first", "second", "third"], (title) =>
            facts.createSession(opencode, title),
          )
          return { name, proxy, sessions }
        }),
      )
      const client = yield* connect(relay)
      const turns = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        Effect.fnUntraced(function* (index) {
          const { name = "", sessions = [] } = instances[index % 2] ?? {}
          const mark = `mark-${index}-end`
          let notifications = ""
          const turn = yield* client.call(
            SendMessage,
            { instance: name, session_id: sessions[index % 3]?.id, message: `${mark} `.repeat(20).trim() },
            ({ message }) => (notifications += message ?? ""),
          )
          return { mark, notifications, turn }
        }),
        { concurrency: "unbounded" },
      )
      for (const { mark, notifications, turn } of turns) {
        assert.deepInclude(turn, { outcome: "completed", text: `Echo: ${`${mark} `.repeat(20).trim()}` })
        for (const [found] of notifications.matchAll(/mark-\d+-end/gu)) assert.strictEqual(found, mark)
      }
      for (const { proxy } of instances) {
        assert.strictEqual(yield* count(proxy, promptRequest), 10)
        assert.strictEqual(yield* count(proxy, eventsRequest), 1)
        yield* rests(proxy)
      }
    }),
  )

  it.effect.each(kinds)("a call that %s cancels ends, and its turn continues to its end", (kind) =>
    Effect.gen(function* () {
      const { proxy, relay } = yield* behindProxy(yield* RealOpencode)
      const client = yield* connect(relay, { kind })
      const session = yield* makeSession(yield* RealOpencode, `Cancelled by ${kind}`)
      const turn = yield* midTurn(client, session.id, "slow: 16 500")
      assert.strictEqual((yield* proxy.open).events, 1)
      yield* Fiber.interrupt(turn)
      yield* rests(proxy)
      assert.strictEqual(yield* session.status, "busy")
      // The next message must not reach the running turn.
      const next = yield* client.call(SendMessage, { session_id: session.id, message: "say:next" })
      assert.deepInclude(next, { outcome: "completed", text: "next" })
      const [, first = "", , second] = yield* session.texts
      assert.include(first, "tick 16")
      assert.strictEqual(second, "next")
    }),
  )

  it.effect("a cancelled call does not affect the others", () =>
    Effect.gen(function* () {
      const { client, proxy, session } = yield* throughProxy(yield* RealOpencode, "Goes on")
      const other = yield* makeSession(yield* RealOpencode, "Is cancelled")
      const turn = yield* midTurn(client, session.id, "slow: 10 300")
      const cancelled = yield* midTurn(client, other.id, "slow: 12 500")
      yield* Fiber.interrupt(cancelled)
      assertWhole(yield* Fiber.join(turn), yield* Effect.andThen(session.idle, session.texts))
      assert.strictEqual(yield* count(proxy, eventsRequest), 1)
      yield* facts.abort(yield* RealOpencode, other.id)
    }),
  )

  it.effect.each(kinds)("the program exits when its client (%s) closes, and the turn continues", (kind) =>
    Effect.gen(function* () {
      const { proxy, relay } = yield* behindProxy(yield* RealOpencode)
      const session = yield* makeSession(yield* RealOpencode, `Closed by ${kind}`)
      const life = yield* Scope.make()
      const client = yield* Scope.provide(connect(relay, { kind }), life)
      const turn = yield* midTurn(client, session.id, "slow: 12 500")
      const closed = yield* Effect.forkChild(Scope.close(life, Exit.void))
      yield* proxy.open.pipe(eventually(({ events, others }) => events + others === 0))
      yield* Fiber.join(closed)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(turn)))
      assert.strictEqual(yield* session.status, "busy")
      yield* session.idle
      assert.include((yield* session.texts)[1], "tick 12")
    }),
  )
})
