/** Many calls at once to a fleet that churns, for as long as wanted. */
import { Clock, Duration, Effect, Random, Schedule } from "effect"
import { FakeState } from "../../src/testing/FakeState.ts"
import { startFaultyServer } from "../faults/scene/FaultyServer.ts"
import { makeRelay, type Relay } from "../support/Executable.ts"
import { pick } from "../support/pick.ts"
import type { Client } from "./Client.ts"
import { startHttpClients } from "./http/httpClients.ts"
import { judge, type Sent, unexplained } from "./judge.ts"
import type { Resources } from "./ServerProcess.ts"
import { startSlot, unregister } from "./Slot.ts"
import { startStdioClient } from "./stdioClient.ts"

export interface SoakOptions {
  readonly minutes: number
  readonly seed: string
  readonly instances: number
  /** Calls at a time. */
  readonly callers: number
  /** One server over HTTP for many clients that come and go. */
  readonly http: boolean
  /** Minutes without calls at the end. */
  readonly idle: number
}

/** What happens besides the turns. */
const otherCalls = ["list_instances", "refresh_instances", "get_status", "list_sessions", "get_session"] as const

/** The share of messages in all calls. */
const messageRate = 0.6

/** How often a permission is decided before the message counts as waiting. */
const decisions = Schedule.max([Schedule.spaced("200 millis"), Schedule.recurs(5)])

/** Calls the tools until the time is over, and returns what the client was told. */
const churn = Effect.fnUntraced(function* (
  relay: Relay,
  client: Client,
  { callers, instances, minutes }: Pick<SoakOptions, "callers" | "instances" | "minutes">,
) {
  const slots = yield* Effect.forEach(Array.from({ length: instances }).keys(), (index) => startSlot(relay, index))
  const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(Duration.minutes(minutes))
  const sent: Array<Sent> = []
  const errors: Array<string> = []
  let calls = 0
  let messages = 0

  const call = Effect.fnUntraced(function* (tool: string, args: object) {
    calls += 1
    const result = yield* client.call(tool, args)
    const error = unexplained(result)
    if (error !== undefined) errors.push(`${tool}: ${error}`)
    return result
  })

  const turn = Effect.gen(function* () {
    const slot = yield* pick(slots)
    const session_id = yield* pick(slot.sessions)
    const text = `message ${++messages}`
    const where = { instance: slot.name, session_id }
    const result = yield* call("send_message", { ...where, message: text })
    if (result.structured["outcome"] !== "needs permission") return sent.push({ slot, text, result })
    const decided = yield* call("respond_permission", { ...where, response: "once" }).pipe(
      Effect.repeat({ while: ({ isError }) => isError, schedule: decisions }),
    )
    // Another caller may have decided this request, and this one the request of the next turn.
    const isSame = decided.structured["message_id"] === result.structured["message_id"]
    return sent.push({ slot, text, result: isSame ? decided : result })
  })

  const other = Effect.gen(function* () {
    const slot = yield* pick(slots)
    const tool = yield* pick(otherCalls)
    const session = tool === "get_session" ? { session_id: yield* pick(slot.sessions) } : {}
    yield* call(tool, tool.endsWith("instances") ? {} : { instance: slot.name, ...session })
  })

  const work = Effect.flatMap(Random.next, (value): Effect.Effect<unknown> => (value < messageRate ? turn : other))
  const isOver = Effect.map(Clock.currentTimeMillis, (now) => now >= end)
  yield* Effect.forEach(
    Array.from({ length: callers }),
    () => Effect.repeat(Effect.andThen(work, isOver), { until: (over) => over }),
    { concurrency: "unbounded", discard: true },
  )
  return { calls, turns: sent.length, errors, ...judge(sent) }
}, Effect.scoped)

const variables = {
  OPENCODE_SERVER_PASSWORD: "fake-password",
  HEALTH_CHECK_TIMEOUT_MS: "2000",
  SEND_TIMEOUT_MS: "30000",
}

const startClient = (relay: Relay, http: boolean) =>
  http
    ? startHttpClients(relay, variables)
    : Effect.map(startStdioClient(relay.environment(variables)), (client) => ({ ...client, disturbances: Effect.void }))

/** What must be as before. Memory has a bound of its own. */
const counted = ["descriptors", "fibers", "sockets", "timers"] as const

/** An instance that does nothing and is there all the time. What the server keeps of others it drops as it asks this one. */
const startQuiet = Effect.fnUntraced(function* (relay: Relay) {
  const fake = new FakeState({ api: 1 })
  fake.pid = 4_999_999
  yield* relay.register("quiet", { port: yield* startFaultyServer(fake, []), api: 1, directory: "/work/project" })
})

/** What the server holds more of than before. */
export const grown = (before: Resources, after: Resources) => counted.filter((each) => after[each] > before[each])

export const soak = Effect.fnUntraced(function* ({ http, idle, seed, ...options }: SoakOptions) {
  const relay = yield* makeRelay()
  yield* startQuiet(relay)
  const client = yield* startClient(relay, http)
  yield* client.call("refresh_instances", {})
  const before = yield* client.resources
  const report = yield* Effect.scoped(
    Effect.andThen(client.disturbances, churn(relay, client, options)).pipe(Random.withSeed(seed)),
  )
  yield* Effect.forEach(Array.from({ length: options.instances }).keys(), (index) => unregister(relay, index))
  yield* client.call("refresh_instances", {})
  yield* Effect.sleep(Duration.minutes(idle))
  // Idle connections are kept for a few seconds, and event streams for a minute.
  const after = yield* client.resources.pipe(
    Effect.repeat({
      until: (now) => grown(before, now).length === 0,
      schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(90)]),
    }),
  )
  return { ...report, before, after }
}, Effect.scoped)
