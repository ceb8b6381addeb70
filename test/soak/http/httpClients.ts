/**
 * Many MCP clients of one server over HTTP: sessions that last and sessions that are left or ended after a call, calls of
 * 2026-07-28 with and without tasks, broken streams, and tokens that are replaced.
 */
import { Deferred, Effect, Random, Schedule } from "effect"
import type { Relay, Variables } from "../../support/Executable.ts"
import { pick } from "../../support/pick.ts"
import { callResult, type Client } from "../Client.ts"
import { startProcess } from "../ServerProcess.ts"
import { disturb } from "./disturbances.ts"
import { callAgain, callAsTask } from "./ModernClient.ts"
import { makeSender } from "./Sender.ts"
import { openSession } from "./SessionClient.ts"
import { rotatingTokens } from "./tokens.ts"

/** Sessions that last. */
const kept = 9

/** Connections beside the calls, at a time. */
const disturbers = 4

/** Starts the server. `churn` goes on until its scope closes. */
export const startHttpClients = Effect.fnUntraced(function* (relay: Relay, variables: Variables) {
  const tokens = yield* rotatingTokens(relay.home)
  const listening = yield* Deferred.make<string>()
  const args = ["serve", "--http", "127.0.0.1:0", "--token-file", tokens.file]
  const { child, resources } = yield* startProcess(relay.environment(variables), args, (line) => {
    const [, url] = /MCP clients connect to (\S+)/u.exec(line) ?? []
    if (url !== undefined) Deferred.doneUnsafe(listening, Effect.succeed(url))
    if (/Unhandled|^ +at |defect/u.test(line)) process.stderr.write(`${line}\n`)
  })
  child.on("exit", () => Deferred.doneUnsafe(listening, Effect.die(new Error("the server has exited"))))
  const url = yield* Deferred.await(listening)
  const senders = tokens.of.map((token) => makeSender({ url, token }))
  const sessions = yield* Effect.forEach(Array.from({ length: kept }).keys(), (index) =>
    Effect.flatMap(pick(senders), openSession).pipe(Random.withSeed(`session ${index}`)),
  )

  const once = Effect.fnUntraced(function* (name: string, args: object) {
    const session = yield* openSession(yield* pick(senders))
    yield* Effect.forkChild(session.watch(yield* Random.nextIntBetween(0, 3000)))
    const answer = yield* session.call(name, args)
    if (yield* Random.nextBoolean) yield* session.close
    return answer
  })

  const ways: ReadonlyArray<(name: string, args: object) => Effect.Effect<unknown>> = [
    (name, args) => Effect.flatMap(pick(sessions), ({ call }) => call(name, args)),
    once,
    (name, args) => Effect.flatMap(pick(senders), (send) => callAgain(send, name, args)),
    (name, args) => Effect.flatMap(pick(senders), (send) => callAsTask(send, name, args)),
  ]

  const disturbing = Effect.gen(function* () {
    if (yield* Random.nextBoolean) {
      const session = yield* pick(sessions)
      return yield* session.watch(yield* Random.nextIntBetween(0, 3000))
    }
    return yield* disturb({ url, token: yield* pick(tokens.of) })
  })

  const client: Client = {
    call: (name, args) => Effect.flatMap(pick(ways), (way) => Effect.map(way(name, args), callResult)),
    resources,
  }
  return {
    ...client,
    /** Goes on until the scope closes. */
    disturbances: Effect.forEach(
      Array.from({ length: disturbers }),
      () => Effect.forkScoped(Effect.repeat(disturbing, Schedule.spaced("10 millis"))),
      { discard: true },
    ),
  }
})
