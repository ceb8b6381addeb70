/**
 * `opencode-fleet connect --status`: the state that each `connect` on this machine stores, in its registration or, for a
 * service of opencode 2, in its lease.
 */
import { Console, Effect } from "effect"
import { isHeld, readLeases } from "../../connect/service/serviceLease.ts"
import { type Announcement, Discovery } from "../../discovery/Discovery.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { Settings } from "../../Settings.ts"
import { plainLine } from "../../text/plainText.ts"
import { registrationsLayer } from "../fleetLayer.ts"
import { toJson } from "../terminal/terminal.ts"

const registeredStates = Effect.gen(function* () {
  const { hostname, isAlive } = yield* LocalMachine
  const { announcements } = yield* (yield* Discovery).scan
  return announcements.flatMap(({ connect, directory, host, name, source, url }: Announcement) =>
    connect === undefined || host !== hostname
      ? []
      : [{ name, url, directory, running: isAlive(connect.pid), ...connect, registration: source }],
  )
})

/** The `connect` processes that keep a service of opencode 2 on a relay. The service itself is not registered here. */
const serviceStates = Effect.gen(function* () {
  const { stateDirectory } = yield* Settings
  return yield* Effect.forEach(yield* readLeases(stateDirectory), (lease) =>
    Effect.map(isHeld(lease), (running) => {
      const { file, log, name, pid, tunnel } = lease
      return {
        name: plainLine(name),
        api: 2 as const,
        running,
        pid,
        log,
        ...(tunnel === undefined ? {} : { tunnel }),
        registration: file,
      }
    }),
  )
})

type State = Effect.Success<typeof registeredStates>[number] | Effect.Success<typeof serviceStates>[number]

const tunnelText = ({ tunnel }: State) => {
  if (tunnel === undefined) return "no relay: registered on this machine only"
  const { port, reason, relay, since, state } = tunnel
  return `relay: ${relay}, ${state} since ${since}${port === undefined ? "" : `, port ${port} there`}${reason === undefined ? "" : `: ${reason}`}`
}

const killed = (state: State) =>
  `  its connect (process ${state.pid}) was killed; ${
    "api" in state ? "the next one takes its place" : "`opencode-fleet prune` removes its registration"
  }`

const text = (state: State) =>
  [
    "api" in state ? `${state.name}  opencode 2's service` : `${state.name}  ${state.url}  ${state.directory ?? ""}`,
    state.running ? `  ${tunnelText(state)}` : killed(state),
    `  log: ${state.log}`,
  ].join("\n")

export const showStatus = Effect.fnUntraced(function* (json: boolean) {
  const states: ReadonlyArray<State> = [...(yield* registeredStates), ...(yield* serviceStates)]
  if (json) return yield* Console.log(toJson(states))
  if (states.length === 0) return yield* Console.error("Nothing is connected on this machine.")
  yield* Console.log(states.map(text).join("\n"))
}, Effect.provide(registrationsLayer))
