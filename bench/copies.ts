/** Many copies of the server that are started at once on one fleet, as by twenty editor windows. BENCH_AGAINST is the floor. */
import { Effect, Option, Schema } from "effect"
import { type Command, JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"
import { timed } from "./support/timed.ts"

const copies = 20
const instances = 50
const rounds = 3

const decodeOnline = Schema.decodeUnknownSync(
  Schema.Struct({
    structuredContent: Schema.Struct({ health_counts: Schema.Struct({ online: Schema.optionalKey(Schema.Int) }) }),
  }),
)

/** Each copy is asked for the fleet as soon as it has answered the handshake. */
const startAll = Effect.fn("startAll")(function* (server: (directory: string) => Command) {
  const { directory, requests } = yield* startFleet({ healthy: instances, hung: 0 })
  const running = Array<JsonRpcProcess>()
  let missed = 0
  const one = Effect.gen(function* () {
    const copy = yield* JsonRpcProcess.start(server(directory))
    running.push(copy)
    yield* copy.initialize
    yield* copy.listTools
    const { result } = yield* copy.callTool("list_instances")
    missed += instances - (decodeOnline(result).structuredContent.health_counts.online ?? 0)
  })
  const ms = yield* timed(Effect.replicateEffect(one, copies, { concurrency: "unbounded", discard: true }))
  // What they ask in the background.
  yield* Effect.sleep("2 seconds")
  const times = yield* Effect.forEach(running, (copy) => copy.processorTime)
  return {
    ms,
    processor: times.reduce((sum, time) => sum + time, 0),
    missed,
    asked: (yield* requests) / (copies * instances),
  }
}, Effect.scoped)

export const benchCopies = Effect.fn("benchCopies")(function* (programs: Programs) {
  // The shortest time-out that a user would have: the default one.
  const env = { HEALTH_CHECK_TIMEOUT_MS: "3000" }
  const ours = Array<Effect.Success<ReturnType<typeof startAll>>>()
  const theirs = Array<Effect.Success<ReturnType<typeof startAll>>>()
  for (let round = -1; round < rounds; round++) {
    const our = yield* startAll((directory) => programs.ours(directory, env))
    if (round >= 0) ours.push(our)
    if (Option.isNone(programs.against)) continue
    const against = programs.against.value
    const their = yield* startAll((directory) => against(directory, env))
    if (round >= 0) theirs.push(their)
  }
  const figure = (what: string, kind: "ms" | "processor", note: string): Figure => ({
    what,
    value: median(ours.map((each) => each[kind])),
    samples: ours.map((each) => each[kind]),
    unit: "ms",
    ...(theirs.length === 0
      ? {}
      : { floor: { name: "BENCH_AGAINST", value: median(theirs.map((each) => each[kind])) } }),
    note,
  })
  const missed = ours.reduce((sum, each) => sum + each.missed, 0)
  const asked = median(ours.map((each) => each.asked))
  return [
    figure(`${copies} copies, ${instances} instances: all listed`, "ms", `${missed} instances not shown as online`),
    figure("their processor time", "processor", `${asked.toFixed(1)} requests of each copy to each instance`),
  ]
})
