/**
 * Three servers over HTTP that share a PostgreSQL database and one opencode 1, which merges messages that reach a busy session.
 * Each has a home of its own, as on three machines, so that nothing but the database keeps them apart. The opencode is a fake:
 * 200 turns of a real one take longer than the rest of the suite.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Array, Context, Deferred, Effect, Fiber, FiberSet, Layer, Ref, Schedule } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { session } from "../../src/testing/samples.ts"
import { makeRelay } from "../support/Executable.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { connectHttp, eventually } from "../support/McpClients.ts"
import { RealPostgres } from "../support/RealPostgres.ts"
import { withPostgres } from "../support/requirements.ts"

const sessionCount = 20
const messagesEach = 10

const again = Schedule.spaced("1 second")

/** As opencode 1, it accepts a prompt some time before its session is busy. `merged` are prompts that came before the end of the last turn. */
const fakeOpencode = Effect.gen(function* () {
  const services = yield* Layer.build(
    FakeOpencode.layerServer.pipe(
      Layer.provideMerge(FakeOpencode.layer),
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    ),
  )
  const { address } = Context.get(services, HttpServer.HttpServer)
  const fake = Context.get(services, FakeOpencode)
  fake.sessions = Array.range(1, sessionCount).map((number) => session(String(number)))
  const run = yield* FiberSet.makeRuntime<never>()
  const running = new Set<string>()
  const merged: Array<string> = []
  fake.onPrompt = (prompt) => {
    if (running.has(prompt.session)) merged.push(prompt.text)
    running.add(prompt.session)
    const turn = Effect.gen(function* () {
      yield* Effect.sleep("50 millis")
      fake.take(prompt)
      yield* Effect.sleep("100 millis")
      running.delete(prompt.session)
      fake.complete(prompt, prompt.text.toUpperCase())
    })
    run(turn)
  }
  return { fake, merged, port: Number(new URL(HttpServer.formatAddress(address)).port) }
})

/** A server on a machine of its own, and a client of it. */
const server = Effect.fnUntraced(function* (port: number, databaseUrl: string) {
  const relay = yield* makeRelay()
  yield* relay.register("main", { port })
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
        // On a busy machine 200 calls at once may wait longer for the opencode than they may. A client would send again, too.
        Effect.retry({ while: ({ text }) => text.includes("The message was not sent."), schedule: again }),
        Effect.raceFirst(Effect.as(Deferred.await(killed), undefined)),
      )
  return { kill, send, stderr: served.stderr }
})

withPostgres("three servers with one database", () => {
  layer(RealPostgres.layer, { excludeTestServices: true })((it) => {
    it.effect("answer each of 200 messages once, although one is killed and the database is away for 10 s", () =>
      Effect.gen(function* () {
        const { fake, merged, port } = yield* fakeOpencode
        const postgres = yield* RealPostgres
        const url = yield* postgres.newDatabase
        const [first, second, third] = yield* Effect.all([server(port, url), server(port, url), server(port, url)], {
          concurrency: 3,
        })
        const servers = [first, second, third]
        const messages = fake.sessions.flatMap(({ id }, column) =>
          Array.range(1, messagesEach).map((row) => ({ id, text: `${id} ${row}`, by: column + row })),
        )
        const answered = yield* Ref.make(0)
        const sending = yield* Effect.forEach(
          messages,
          Effect.fnUntraced(function* ({ by, id, text }) {
            const turn = yield* (servers[by % servers.length] ?? first).send(id, text)
            yield* Ref.update(answered, (count) => count + 1)
            return { id, text, turn }
          }),
          { concurrency: "unbounded" },
        ).pipe(Effect.forkScoped)
        const until = (count: number) =>
          Effect.raceFirst(Ref.get(answered).pipe(eventually((now) => now >= count)), Fiber.join(sending))

        yield* until(20)
        yield* third.kill
        yield* until(110)
        yield* postgres.stop
        yield* Effect.sleep("10 seconds")
        yield* postgres.start
        for (const { id, text, turn } of yield* Fiber.join(sending)) {
          // What the killed server has not sent is sent again, as a client would.
          const wasSent = fake.prompts.some((prompt) => prompt.text === text)
          const answer = turn ?? (wasSent ? undefined : yield* first.send(id, text))
          if (answer !== undefined) assert.deepInclude(answer, { outcome: "completed", text: text.toUpperCase() })
        }

        assert.deepStrictEqual(merged, [])
        assert.sameMembers(
          fake.prompts.map((prompt) => `${prompt.session} ${prompt.text}`),
          messages.map(({ id, text }) => `${id} ${text}`),
        )
        for (const { stderr } of [first, second]) {
          assert.match(yield* stderr, /the database at .* cannot be used/u)
          assert.match(yield* stderr, /connected to the database/u)
          assert.notInclude(yield* stderr, "sesame")
        }
      }),
    )
  })
})
