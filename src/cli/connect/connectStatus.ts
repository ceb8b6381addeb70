/** `opencode-fleet connect --status`: the state that each `connect` on this machine stores in its registration. */
import { Console, Effect } from "effect"
import { type Announcement, Discovery } from "../../discovery/Discovery.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { registrationsLayer } from "../fleetLayer.ts"
import { toJson } from "../terminal/terminal.ts"

/** One entry for each `connect` on this machine, in the shape of `--json`. */
export const connectStates = Effect.gen(function* () {
  const { hostname, isAlive } = yield* LocalMachine
  const { announcements } = yield* (yield* Discovery).scan
  return announcements.flatMap(({ connect, directory, host, name, source, url }: Announcement) =>
    connect === undefined || host !== hostname
      ? []
      : [{ name, url, directory, running: isAlive(connect.pid), ...connect, registration: source }],
  )
})

type State = Effect.Success<typeof connectStates>[number]

const tunnelText = ({ tunnel }: State) => {
  if (tunnel === undefined) return "no relay: registered on this machine only"
  const { port, reason, relay, since, state } = tunnel
  return `relay: ${relay}, ${state} since ${since}${port === undefined ? "" : `, port ${port} there`}${reason === undefined ? "" : `: ${reason}`}`
}

const text = (state: State) =>
  [
    `${state.name}  ${state.url}  ${state.directory ?? ""}`,
    state.running
      ? `  ${tunnelText(state)}`
      : `  its connect (process ${state.pid}) was killed; \`opencode-fleet prune\` removes its registration`,
    `  log: ${state.log}`,
  ].join("\n")

export const showStatus = Effect.fnUntraced(function* (json: boolean) {
  const states = yield* connectStates
  if (json) return yield* Console.log(toJson(states))
  if (states.length === 0) return yield* Console.error("Nothing is connected on this machine.")
  yield* Console.log(states.map(text).join("\n"))
}, Effect.provide(registrationsLayer))
