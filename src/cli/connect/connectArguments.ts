/** Checks the arguments of `opencode-fleet connect`. An invalid argument is a usage error. */
import { Effect, Option } from "effect"
import { CommandLine } from "effect/process"
import { addressIn, loopbackOf, portIn } from "../../discovery/address.ts"
import { isAdvertisable } from "../../discovery/postgres/InstanceRow.ts"
import { quote } from "../../text/plainText.ts"
import { CommandFailed, exitStatus } from "../process/exitStatus.ts"

export interface ConnectArguments {
  readonly advertise: Option.Option<string>
  readonly args: ReadonlyArray<string>
  readonly attach: Option.Option<string>
  readonly headless: boolean
  readonly json: boolean
  readonly registry: boolean
  readonly relay: Option.Option<string>
  readonly status: boolean
  readonly withoutPassword: boolean
}

const usageError = (reason: string) => Effect.fail(new CommandFailed({ status: exitStatus.usage, reason }))

/** Where an opencode on this machine listens: the value of `--attach` is a port, or a URL of this machine. */
const attached = (attach: string) => {
  const url = URL.parse(/^\d+$/u.test(attach) ? `http://localhost:${attach}` : attach)
  const addresses = url === null || url.protocol !== "http:" ? undefined : loopbackOf(addressIn(url))
  return url !== null && addresses !== undefined
    ? Effect.succeed({ port: portIn(url), addresses })
    : usageError(
        `--attach ${quote(attach)} is not the address of an opencode on this machine, such as http://127.0.0.1:4096`,
      )
}

/** Excludes a leading dash, because ssh would parse such a host as an option. */
const relayHost = /^[\p{L}\p{N}_][\p{L}\p{N}_.@:%[\]-]*$/u

const relayCommand = (relay: string) =>
  relayHost.test(relay)
    ? Effect.succeed(`ssh ${CommandLine.display([relay])}`)
    : usageError(
        `--relay ${quote(relay)} is neither user@host nor a host of your ssh configuration. For a whole command line, set RELAY_SSH_CMD`,
      )

const conflict = ({
  advertise,
  args,
  attach,
  headless,
  json,
  registry,
  relay,
  status,
  withoutPassword,
}: ConnectArguments) =>
  [
    status &&
      (headless || registry || withoutPassword || args.length > 0 || Option.isSome(attach) || Option.isSome(relay)) &&
      "--status can only be combined with --json",
    Option.isSome(advertise) && !registry && "--advertise needs --registry",
    Option.isSome(advertise) &&
      !isAdvertisable(advertise.value) &&
      `--advertise ${advertise.value.includes("@") ? "takes" : `${quote(advertise.value)} is not`} a URL that other machines can use, without user and password, such as http://laptop.lan:4096`,
    json && !status && "--json needs --status",
    headless && Option.isSome(attach) && "--headless starts opencode; --attach uses a running one. Choose one",
    args.length > 0 && Option.isSome(attach) && "--attach uses a running opencode, which takes no arguments",
  ].find((text) => text !== false)

/** Where the opencode of `--attach` listens, and the command of `--relay`; undefined if the flag is not given. */
export const checkArguments = Effect.fnUntraced(function* (given: ConnectArguments) {
  const reason = conflict(given)
  if (reason !== undefined) return yield* usageError(reason)
  return {
    relayCommand: Option.isSome(given.relay) ? yield* relayCommand(given.relay.value) : undefined,
    attached: Option.isSome(given.attach) ? yield* attached(given.attach.value) : undefined,
  }
})
