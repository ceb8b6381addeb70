/**
 * Refreshing a whole fleet, compared with the same requests with bare `fetch`: two of each instance that is known and at which
 * nothing happens. BENCH_AGAINST adds the same refreshes of another build.
 */
import { Effect, Option } from "effect"
import { type Command, JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"

const timeoutMs = 1000

/** A server that is ready for calls. */
const startServer = Effect.fn("startServer")(function* (command: Command) {
  const server = yield* JsonRpcProcess.start(command)
  yield* server.initialize
  yield* server.listTools
  return server
})

interface Measured {
  readonly ms: ReadonlyArray<number>
  /** Processor time in milliseconds. */
  readonly processor: ReadonlyArray<number>
}

/** Asks all of them in turn. After each answer, what it started in the background is waited for. */
const inTurn = Effect.fnUntraced(function* <E>(
  rounds: number,
  all: ReadonlyArray<{ readonly process: JsonRpcProcess; readonly ask: Effect.Effect<{ readonly ms: number }, E> }>,
) {
  const measured = all.map(() => ({ ms: Array<number>(), processor: Array<number>() }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, { ask, process }] of all.entries()) {
      const before = yield* process.processorTime
      const { ms } = yield* ask
      yield* Effect.sleep("100 millis")
      measured[index]?.ms.push(ms)
      measured[index]?.processor.push((yield* process.processorTime) - before)
    }
  }
  return measured satisfies ReadonlyArray<Measured>
})

/** After this, an idle instance counts as one at which nothing happens. */
const quietAfter = "6 seconds"

const compared = (values: ReadonlyArray<number> | undefined) =>
  values === undefined ? "" : `; BENCH_AGAINST ${median(values).toFixed(1)} ms`

const benchFleet = Effect.fn("benchFleet")(function* (programs: Programs, healthy: number, hung: number) {
  const fleet = yield* startFleet({ healthy, hung })
  const env = { HEALTH_CHECK_TIMEOUT_MS: String(timeoutMs) }
  const ours = yield* startServer(programs.ours(fleet.directory, env))
  const against = yield* Effect.forEach(Option.toArray(programs.against), (command) =>
    startServer(command(fleet.directory, env)),
  )
  const quiet = yield* JsonRpcProcess.start(yield* programs.probe(fleet.urls, timeoutMs, "quiet"))
  const whole = yield* JsonRpcProcess.start(yield* programs.probe(fleet.urls, timeoutMs))
  const all = [
    ...[ours, ...against].map((process) => ({ process, ask: process.callTool("refresh_instances") })),
    ...[quiet, whole].map((process) => ({ process, ask: process.request("probe") })),
  ]
  // Warms up all sides: connections and compiled code.
  yield* inTurn(2, all)
  yield* Effect.sleep(quietAfter)
  yield* inTurn(hung === 0 ? 5 : 1, all)
  const measured = yield* inTurn(hung === 0 ? 21 : 3, all)
  const our = measured[0] ?? { ms: [], processor: [] }
  const theirs = against.length === 0 ? undefined : measured[1]
  const [floor, four] = measured
    .slice(-2)
    .map(({ ms, processor }) => ({ ms: median(ms), processor: median(processor) }))
  const what = `refresh_instances, ${healthy + hung}${hung === 0 ? "" : `, ${hung} hung`}`
  const wall = { what, value: median(our.ms), samples: our.ms, unit: "ms" } as const
  if (hung > 0) {
    const note = `bare fetch ${(floor?.ms ?? 0).toFixed(0)} ms${compared(theirs?.ms)}`
    return [
      { ...wall, floor: { name: "time-out", value: timeoutMs }, target: 1.05, note },
    ] satisfies ReadonlyArray<Figure>
  }
  return [
    {
      ...wall,
      floor: { name: "bare fetch", value: floor?.ms ?? 0 },
      target: healthy < 100 ? 1.2 : healthy < 1000 ? 0.9 : 0.8,
      note: `two requests of each, as ours; of an unknown one four, bare ${(four?.ms ?? 0).toFixed(1)} ms${compared(theirs?.ms)}`,
    },
    {
      what: `${what}: processor time`,
      value: median(our.processor),
      samples: our.processor,
      unit: "ms",
      floor: { name: "bare fetch", value: floor?.processor ?? 0 },
      target: 1,
      note: `bare four ${(four?.processor ?? 0).toFixed(1)} ms${compared(theirs?.processor)}`,
    },
  ] satisfies ReadonlyArray<Figure>
}, Effect.scoped)

const fleets = [
  { healthy: 1, hung: 0 },
  { healthy: 10, hung: 0 },
  { healthy: 100, hung: 0 },
  { healthy: 1000, hung: 0 },
  { healthy: 9, hung: 1 },
  { healthy: 90, hung: 10 },
  { healthy: 900, hung: 100 },
]

/** One fleet after the other, because they would slow each other down. */
export const benchRefresh = (programs: Programs) =>
  Effect.gen(function* () {
    const figures: Array<Figure> = []
    for (const { healthy, hung } of fleets) figures.push(...(yield* benchFleet(programs, healthy, hung)))
    return figures
  })
