/**
 * opencode 2: a turn and the proxy of `connect` on a real one, memory while turns are followed, and the refresh of many
 * fake services. It is skipped where the real opencode 2 is not installed.
 */
import { Console, Effect, FileSystem, Redacted, Schema } from "effect"
import { openProxy } from "../src/connect/proxy/openProxy.ts"
import { opencode2Binary } from "../test/support/opencode2Binary.ts"
import { RealOpencode2 } from "../test/support/RealOpencode2.ts"
import { bareClient2 } from "./floors/bareTurns2.ts"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { registered, startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, spread, type Figure } from "./support/report.ts"
import { timed } from "./support/timed.ts"

const rounds = 15
const services = 100
const followed = 20
const requests = 300
const streams = 100

const sessionOf = Schema.decodeUnknownSync(
  Schema.Struct({ structuredContent: Schema.Struct({ session: Schema.Struct({ session_id: Schema.String }) }) }),
)

const basic = (password: string) => `Basic ${btoa(`opencode:${password}`)}`

/** Measures both in turn. The first two rounds warm them up. */
const alternating = Effect.fnUntraced(function* <E1, R1, E2, R2>(
  count: number,
  ours: Effect.Effect<unknown, E1, R1>,
  floor: Effect.Effect<unknown, E2, R2>,
) {
  const figures = { ours: Array<number>(), floor: Array<number>() }
  for (let round = -2; round < count; round++) {
    const our = yield* timed(ours)
    const their = yield* timed(floor)
    if (round < 0) continue
    figures.ours.push(our)
    figures.floor.push(their)
  }
  return figures
})

/** Turns over the executable, and its memory while it follows many. */
const benchTurns = Effect.fnUntraced(function* (programs: Programs, real: RealOpencode2["Service"]) {
  const directory = yield* registered({ port: real.port, cwd: real.directory, api: 2 })
  const password = real.password ?? ""
  const ours = yield* JsonRpcProcess.start(programs.ours(directory, { OPENCODE_SERVER_PASSWORD: password }))
  yield* ours.initialize
  yield* ours.listTools
  const bare = yield* bareClient2(real.url, basic(password))
  const newSession = ours
    .callTool("create_session", { title: "Bench", directory: real.directory })
    .pipe(Effect.map(({ result }) => sessionOf(result).structuredContent.session.session_id))
  const sessions = yield* Effect.replicateEffect(newSession, followed)
  const [session = ""] = sessions
  // opencode finishes its work after the previous turn.
  const pause = Effect.sleep("300 millis")
  const one = { ours: Array<number>(), floor: Array<number>() }
  for (let round = -2; round < rounds; round++) {
    const our = yield* Effect.andThen(
      pause,
      timed(ours.callTool("send_message", { session_id: session, message: "say:done" })),
    )
    const their = yield* Effect.andThen(pause, timed(bare.turn(session, "say:done")))
    if (round < 0) continue
    one.ours.push(our)
    one.floor.push(their)
  }
  const idle = yield* ours.residentMemory
  const following = yield* Effect.forkChild(
    Effect.forEach(sessions, (session_id) => ours.callTool("send_message", { session_id, message: "slow: 100" }), {
      concurrency: "unbounded",
    }),
  )
  yield* Effect.sleep("5 seconds")
  const busy = yield* ours.residentMemory
  yield* Effect.sync(() => following.interruptUnsafe())
  return [
    {
      what: "a turn",
      value: median(one.ours),
      samples: one.ours,
      unit: "ms",
      floor: { name: "bare client", value: median(one.floor) },
      target: 1.08,
      note: `median of ${rounds}; the floor ${spread(one.floor)}`,
    },
    {
      what: `resident while it follows ${followed} turns`,
      value: busy,
      unit: "MB",
      floor: { name: "before", value: idle },
    },
  ] satisfies ReadonlyArray<Figure> as ReadonlyArray<Figure>
}, Effect.scoped)

const benchRefresh = Effect.fnUntraced(function* (programs: Programs) {
  const { directory, urls } = yield* startFleet({ healthy: 0, hung: 0, services })
  const ours = yield* JsonRpcProcess.start(programs.ours(directory, { OPENCODE_SERVER_PASSWORD: "bench" }))
  const bare = yield* JsonRpcProcess.start(yield* programs.probe2(urls, 10_000))
  yield* ours.initialize
  yield* ours.listTools
  const measured = yield* alternating(rounds, ours.callTool("refresh_instances"), bare.request("probe"))
  return {
    what: `refresh_instances, ${services} services`,
    value: median(measured.ours),
    samples: measured.ours,
    unit: "ms",
    floor: { name: "bare fetch", value: median(measured.floor) },
    target: 2,
    note: `median of ${rounds}; the floor ${spread(measured.floor)}`,
  } satisfies Figure as Figure
}, Effect.scoped)

const get = (url: string, authorization: string) =>
  Effect.promise(async () => (await fetch(`${url}/api/info`, { headers: { authorization } })).text())

/** The proxy in this process, in front of the real opencode. */
const benchProxy = Effect.fnUntraced(function* (real: RealOpencode2["Service"]) {
  const upstream = { host: "127.0.0.1", port: real.port, authorization: basic(real.password ?? "") }
  const credentials = { username: "opencode", password: Redacted.make("fleet") }
  const port = yield* openProxy({ credentials, upstream: Effect.succeed(upstream) })
  const proxied = get(`http://127.0.0.1:${port}`, basic("fleet"))
  const { floor, ours } = yield* alternating(requests, proxied, get(real.url, upstream.authorization))
  const before = process.memoryUsage().rss
  const signal = yield* Effect.abortSignal
  const open = (url: string, authorization: string) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}/api/event`, { signal, headers: { authorization } })
      await response.body?.getReader().read()
    })
  yield* Effect.replicateEffect(open(`http://127.0.0.1:${port}`, basic("fleet")), streams, { concurrency: 10 })
  const through = process.memoryUsage().rss
  yield* Effect.replicateEffect(open(real.url, upstream.authorization), streams, { concurrency: 10 })
  const direct = process.memoryUsage().rss
  return [
    {
      what: "GET /api/info through the proxy of connect",
      value: median(ours),
      samples: ours,
      unit: "ms",
      floor: { name: "without it", value: median(floor) },
      note: `median of ${requests}; the floor ${spread(floor)}`,
    },
    {
      what: `${streams} event streams through the proxy`,
      value: (through - before) / 2 ** 20,
      unit: "MB",
      floor: { name: "without it", value: (direct - through) / 2 ** 20 },
      note: "proxy and clients in one process",
    },
  ] satisfies ReadonlyArray<Figure> as ReadonlyArray<Figure>
}, Effect.scoped)

export const benchV2 = Effect.fn("benchV2")(function* (programs: Programs) {
  const refresh = yield* benchRefresh(programs)
  if (!(yield* (yield* FileSystem.FileSystem).exists(opencode2Binary))) {
    yield* Console.error("SKIPPED: turns and the proxy: no opencode 2; `npm run opencode2` installs it")
    return [refresh]
  }
  const onReal = Effect.gen(function* () {
    const real = yield* RealOpencode2
    return [...(yield* benchTurns(programs, real)), ...(yield* benchProxy(real))]
  }).pipe(Effect.provide(RealOpencode2.layer({ snapshots: true })))
  return [refresh, ...(yield* onReal)]
})
