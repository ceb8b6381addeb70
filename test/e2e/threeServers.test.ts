/**
 * Three servers over HTTP that share a PostgreSQL database and one opencode 1, which merges messages that reach a busy session.
 * Each has a home of its own, as on three machines, so that nothing but the database keeps them apart.
 */
import { assert, layer } from "@effect/vitest"
import { Array, Deferred, Effect, Fiber, Layer, Schedule, Stream, SubscriptionRef } from "effect"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { connectHttp } from "../support/McpClients.ts"
import type { OpencodeServer } from "../support/OpencodeServer.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { RealPostgres } from "../support/RealPostgres.ts"
import { withPostgres } from "../support/requirements.ts"

const sessionCount = 20
const messagesEach = 10

const again = Schedule.spaced("1 second")

/** A server on a machine of its own, and a client of it. */
const server = Effect.fnUntraced(function* (opencode: OpencodeServer, databaseUrl: string) {
  const relay = yield* makeRelay()
  yield* relay.register("main", opencode)
  const served = yield* serveHttp(relay, { variables: { DATABASE_URL: databaseUrl } })
  // A client has at most 64 calls at a time.
  const clients = [yield* connectHttp(served), yield* connectHttp(served)] as const
  let calls = 0
  const killed = yield* Deferred.make<void>()
  const kill = Effect.andThen(served.end("SIGKILL"), Deferred.succeed(killed, undefined))
  /** Undefined if the server was killed meanwhile. With progress, a call does not time out. */
  const send = (session_id: string, message: string) =>
    clients[calls++ % 2 === 0 ? 0 : 1]
      .call(SendMessage, { session_id, message }, () => {})
      .pipe(
        // On a busy machine, 200 calls at once may wait for opencode longer than each may. A client would call again, too.
        Effect.retry({
          while: ({ text }) => /did not answer|not online|No instance is online|was not sent/u.test(text),
          schedule: again,
        }),
        Effect.raceFirst(Effect.as(Deferred.await(killed), undefined)),
      )
  return { kill, send, stderr: served.stderr }
})

withPostgres("three servers with one database", () => {
  layer(Layer.mergeAll(RealPostgres.layer, RealOpencode.layer()), { excludeTestServices: true })((it) => {
    it.effect(
      "answer each of 200 messages once, although one is killed and the database is away for 10 s",
      () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const postgres = yield* RealPostgres
          const url = yield* postgres.newDatabase
          const add = server(opencode, url)
          const [first, second, third] = yield* Effect.all([add, add, add], { concurrency: 3 })
          const servers = [first, second, third]
          const sessions = yield* Effect.forEach(Array.range(1, sessionCount), (number) =>
            facts.createSession(opencode, `Session ${number}`),
          )
          const messages = sessions.flatMap(({ id }, column) =>
            Array.range(1, messagesEach).map((row) => ({ id, text: `say:${column + 1} ${row}`, by: column + row })),
          )
          const answered = yield* SubscriptionRef.make(0)
          const sending = yield* Effect.forEach(
            messages,
            Effect.fnUntraced(function* ({ by, id, text }) {
              const turn = yield* (servers[by % servers.length] ?? first).send(id, text)
              yield* SubscriptionRef.update(answered, (count) => count + 1)
              return { id, text, turn }
            }),
            { concurrency: "unbounded" },
          ).pipe(Effect.forkScoped)
          const until = (count: number) =>
            SubscriptionRef.changes(answered).pipe(
              Stream.takeUntil((now) => now >= count),
              Stream.runDrain,
              Effect.raceFirst(Fiber.join(sending)),
            )

          yield* until(20)
          yield* third.kill
          yield* until(110)
          yield* postgres.stop
          yield* Effect.sleep("10 seconds")
          yield* postgres.start
          for (const { id, text, turn } of yield* Fiber.join(sending)) {
            // What the killed server has not sent is sent again, as a client would.
            const wasSent = (yield* facts.texts(opencode, id)).includes(text)
            const answer = turn ?? (wasSent ? undefined : yield* first.send(id, text))
            if (answer !== undefined) assert.deepInclude(answer, { outcome: "completed", text: text.slice(4) })
          }

          for (const { id } of sessions) {
            const sent = messages.filter((message) => message.id === id).map(({ text }) => text)
            const stored = Array.chunksOf(yield* facts.texts(opencode, id), 2)
            assert.sameDeepMembers(
              stored,
              sent.map((text) => [text, text.slice(4)]),
            )
          }
          for (const { stderr } of [first, second]) {
            assert.match(yield* stderr, /the database at .* cannot be used/u)
            assert.match(yield* stderr, /connected to the database/u)
            assert.notInclude(yield* stderr, "sesame")
          }
        }),
      480_000,
    )
  })
})
