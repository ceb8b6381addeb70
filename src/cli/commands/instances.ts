/** `opencode-fleet instances` */
import { Console, Effect, Stream, Struct, Terminal } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { Attention } from "../../fleet/attention/Attention.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { instanceHandlers } from "../../tools/instances/instanceHandlers.ts"
import type { FleetView } from "../../tools/instances/InstanceTools.ts"
import { Settings } from "../../Settings.ts"
import { fleetWithAttentionLayer } from "../fleetLayer.ts"
import { fleetProblems, fleetTable } from "../terminal/fleetTable.ts"
import { liveView } from "../terminal/liveView.ts"
import { style } from "../terminal/style.ts"
import { wrap } from "../terminal/table.ts"
import { toJson, width } from "../terminal/terminal.ts"

/** Ages and durations change all the time; this is what does not. */
const lasting = (fleet: FleetView) =>
  JSON.stringify({
    ...Struct.omit(fleet, ["refreshed"]),
    transports: fleet.transports.map(Struct.omit(["scanned", "took_ms"])),
    instances: fleet.instances.map(Struct.omit(["age", "last_seen", "latency_ms", "waiting_asked"])),
  })

/** The whole fleet as `list_instances` shows it: at once, or when every instance has been asked what waits there. */
const views = Effect.gen(function* () {
  const attention = yield* Attention
  const { list_instances } = yield* instanceHandlers(yield* Settings)
  const current = list_instances({ limit: Number.MAX_SAFE_INTEGER })
  return { current, settled: Effect.andThen(attention.settled, current) }
})

const print = Effect.fnUntraced(function* (fleet: FleetView) {
  const lines = fleetTable(fleet, yield* style, yield* width)
  if (lines.length > 0) yield* Console.log(lines.join("\n"))
  for (const line of fleetProblems(fleet)) yield* Console.error(line)
})

/** Draws again when the fleet has changed, when the window has, and every two seconds for the ages. */
const watchInPlace = Effect.gen(function* () {
  const { changes } = yield* Fleet
  const { current, settled } = yield* views
  const draw = yield* liveView
  const resized = Stream.fromQueue(yield* (yield* Terminal.Terminal).size)
  const now = Stream.merge(Stream.tick("2 seconds"), resized).pipe(Stream.mapEffect(() => current))
  yield* changes.pipe(
    Stream.mapEffect(() => settled),
    Stream.merge(now),
    Stream.runForEach((fleet) =>
      Effect.gen(function* () {
        const room = yield* width
        const problems = fleetProblems(fleet).flatMap((line) => wrap(line, room))
        yield* draw([...fleetTable(fleet, yield* style, room), ...problems])
      }),
    ),
  )
}).pipe(Effect.scoped)

/** The fleet now, and again whenever something has changed that is no age. */
const changed = Effect.gen(function* () {
  const { changes } = yield* Fleet
  const { settled } = yield* views
  return changes.pipe(
    Stream.mapEffect(() => settled),
    Stream.changesWith((one, other) => lasting(one) === lasting(other)),
    Stream.zipWithIndex,
  )
}).pipe(Stream.unwrap)

const watchLines = Stream.runForEach(changed, ([fleet]) => Console.log(JSON.stringify(fleet)))

const watchTables = Stream.runForEach(changed, ([fleet, index]) =>
  Effect.andThen(index === 0 ? Effect.void : Console.log(""), print(fleet)),
)

const asJson = Flag.Boolean("json").pipe(
  Flag.withDescription(
    "Print what the MCP tool list_instances answers, all instances of it, as JSON; with --watch one line for each change",
  ),
  Flag.withDefault(false),
)

const watch = Flag.Boolean("watch").pipe(
  Flag.withAlias("w"),
  Flag.withDescription(
    "Go on until Ctrl-C: in a terminal the table is drawn again in place, elsewhere it is printed again when something has changed",
  ),
  Flag.withDefault(false),
)

export const instances = Command.make(
  "instances",
  { asJson, watch },
  Effect.fnUntraced(function* ({ asJson, watch }) {
    if (!watch) {
      const fleet = yield* Effect.flatMap(views, ({ settled }) => settled)
      return yield* asJson ? Console.log(toJson(fleet)) : print(fleet)
    }
    if (asJson) return yield* watchLines
    const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
    yield* canAnimate ? watchInPlace : watchTables
  }),
).pipe(
  Command.withDescription(`The fleet as a table: every instance with its health, its directory, and what waits there for a person.

What could not be used stands on stderr. Files in the relay directory are noticed at once; health is asked again every DISCOVERY_INTERVAL_MS.

Exit status: 0, also if instances are down; 1 if a setting cannot be used; 130 when Ctrl-C ends --watch.`),
  Command.withShortDescription("Show the fleet, once or as it changes"),
  Command.withExamples([
    { command: "opencode-fleet instances", description: "Show every instance" },
    { command: "opencode-fleet instances --watch", description: "See them come and go" },
    {
      command: "DISCOVERY_INTERVAL_MS=2000 opencode-fleet instances --watch",
      description: "See what becomes of them within two seconds",
    },
    {
      command: `opencode-fleet instances --json | jq -r '.instances[] | select(.health == "online") | .name'`,
      description: "The names of those that are online",
    },
  ]),
  Command.provide(fleetWithAttentionLayer),
)
