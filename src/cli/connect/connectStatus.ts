/** `opencode-fleet connect --status`: what this machine's registrations say of the programs that keep them. */
import { Console, Effect, Layer } from "effect"
import { type Announcement, Discovery } from "../../discovery/Discovery.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import * as RelayDirectory from "../../discovery/relay/RelayDirectory.ts"
import { Settings } from "../../Settings.ts"
import { toJson } from "../terminal/terminal.ts"

/** Each `connect` of this machine: a stable shape for `--json`. */
export const connected = Effect.gen(function* () {
  const { hostname, isAlive } = yield* LocalMachine
  const { announcements } = yield* (yield* Discovery).scan
  return announcements.flatMap(({ connect, directory, host, name, source, url }: Announcement) =>
    connect === undefined || host !== hostname
      ? []
      : [{ name, url, directory, running: isAlive(connect.pid), ...connect, registration: source }],
  )
})

type Connected = Effect.Success<typeof connected>[number]

const tunnelText = ({ tunnel }: Connected) => {
  if (tunnel === undefined) return "no relay: on this machine only"
  const where = `${tunnel.relay}, ${tunnel.state} since ${tunnel.since}`
  return `relay: ${where}${tunnel.port === undefined ? "" : `, port ${tunnel.port} there`}${tunnel.reason === undefined ? "" : `: ${tunnel.reason}`}`
}

const text = (each: Connected) =>
  [
    `${each.name}  ${each.url}  ${each.directory ?? ""}`,
    each.running
      ? `  ${tunnelText(each)}`
      : `  its connect (process ${each.pid}) is gone without a word; prune removes what it left`,
    `  log: ${each.log}`,
  ].join("\n")

const registrations = Layer.unwrap(
  Effect.map(Settings, ({ credentials, relayDirectory }) =>
    RelayDirectory.layer({ directory: relayDirectory, strictModes: credentials !== undefined }),
  ),
)

export const showConnected = Effect.fnUntraced(function* (json: boolean) {
  const all = yield* connected
  if (json) return yield* Console.log(toJson(all))
  if (all.length === 0) return yield* Console.error("Nothing is connected on this machine.")
  yield* Console.log(all.map(text).join("\n"))
}, Effect.provide(registrations))
