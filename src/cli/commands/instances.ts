/** `opencode-fleet instances`: shows the fleet, once or as it changes. */
import { Console, Effect, Stream, Struct } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { Attention } from "../../fleet/attention/Attention.ts"
import { touchOnEvents } from "../../fleet/attention/touchOnEvents.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { instanceHandlers } from "../../tools/instances/instanceHandlers.ts"
import type { FleetView } from "../../tools/instances/instanceSchemas.ts"
import { Settings } from "../../Settings.ts"
import { fleetWithAttentionLayer } from "../fleetLayer.ts"
import { fleetUpdates, runDashboard } from "../process/runDashboard.ts"
import { fleetProblems, fleetTable } from "../terminal/fleetTable.ts"
import { homePath } from "../terminal/homePath.ts"
import { liveView } from "../terminal/liveView.ts"
import { style } from "../terminal/style.ts"
import { toJson, width } from "../terminal/terminal.ts"
import { wrap } from "../terminal/wrap.ts"

/** The fleet without ages and durations, which change with every refresh. */
const stablePart = (fleet: FleetView) =>
  JSON.stringify({
    ...Struct.omit(fleet, ["as_of", "refreshed"]),
    transports: fleet.transports.map(Struct.omit(["scanned", "duration_ms"])),
    instances: fleet.instances.map(Struct.omit(["last_active", "last_seen", "latency_ms", "waiting_for_checked"])),
  })

/** The whole fleet in the shape of `list_instances`: `current` immediately, `settled` after all pending requests are known. */
const views = Effect.gen(function* () {
  const attention = yield* Attention
  const { list_instances, refresh_instances } = yield* instanceHandlers({ ...(yield* Settings), withUrls: true })
  const current = list_instances({ limit: Number.MAX_SAFE_INTEGER })
  return {
    current,
    settled: Effect.andThen(attention.settled, current),
    refreshed: Effect.asVoid(refresh_instances()),
  }
})

const print = Effect.fnUntraced(function* (fleet: FleetView) {
  const lines = fleetTable(fleet, yield* style, yield* homePath, yield* width)
  if (lines.length > 0) yield* Console.log(lines.join("\n"))
  for (const line of fleetProblems(fleet)) yield* Console.error(line)
})

/** Redraws the table until it is interrupted. */
const watchInPlace = Effect.gen(function* () {
  const draw = yield* liveView
  yield* fleetUpdates(yield* views).pipe(
    Stream.runForEach((fleet) =>
      Effect.gen(function* () {
        const room = yield* width
        const problems = fleetProblems(fleet).flatMap((line) => wrap(line, room))
        yield* draw([...fleetTable(fleet, yield* style, yield* homePath, room), ...problems])
      }),
    ),
  )
}).pipe(Effect.scoped)

/** The fleet now and after each change, except changes of ages and durations. */
const fleetChanges = Effect.gen(function* () {
  const { changes } = yield* Fleet
  const { settled } = yield* views
  return changes.pipe(
    Stream.mapEffect(() => settled),
    Stream.changesWith((one, other) => stablePart(one) === stablePart(other)),
    Stream.zipWithIndex,
  )
}).pipe(Stream.unwrap)

const watchLines = Stream.runForEach(fleetChanges, ([fleet]) => Console.log(JSON.stringify(fleet)))

const watchTables = Stream.runForEach(fleetChanges, ([fleet, index]) =>
  Effect.andThen(index === 0 ? Effect.void : Console.log(""), print(fleet)),
)

const asJson = bareFlag("json").pipe(
  Flag.withDescription(
    "Print all instances as JSON in the shape of the MCP tool list_instances; with --watch, one line per change",
  ),
)

const watch = bareFlag("watch").pipe(
  Flag.withAlias("w"),
  Flag.withDescription(
    "Keep running: in a terminal as a dashboard with keys, which its last line shows; otherwise print the table again after each change",
  ),
)

export const instances = Command.make(
  "instances",
  { asJson, watch },
  Effect.fnUntraced(function* ({ asJson, watch }) {
    if (!watch) {
      const fleet = yield* Effect.flatMap(views, ({ settled }) => settled)
      return yield* asJson ? Console.log(toJson(fleet)) : print(fleet)
    }
    yield* Effect.forkChild(touchOnEvents((yield* Settings).credentials))
    if (asJson) return yield* watchLines
    const { canAnimate, canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
    if (!canAnimate) return yield* watchTables
    yield* canPrompt ? runDashboard(yield* views) : watchInPlace
  }),
).pipe(
  Command.withDescription(`Shows every instance with its health, its directory, and its pending requests.

Problems are printed on stderr. With --watch, changes in the relay directory show immediately; health is checked every DISCOVERY_INTERVAL_MS.

Exit status: 0, even if instances are down; 1 if a setting cannot be used; 2 for a usage error; 130 when Ctrl-C ends --watch.`),
  Command.withShortDescription("Show the fleet, once or as it changes"),
  Command.withExamples([
    { command: "opencode-fleet instances", description: "Show every instance" },
    { command: "opencode-fleet instances --watch", description: "Show instances as they come and go" },
    {
      command: "DISCOVERY_INTERVAL_MS=2000 opencode-fleet instances --watch",
      description: "Check health every two seconds",
    },
    {
      command: `opencode-fleet instances --json | jq -r '.instances[] | select(.health == "online") | .name'`,
      description: "Print the names of the online instances",
    },
  ]),
  Command.provide(fleetWithAttentionLayer),
)
