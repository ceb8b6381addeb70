/**
 * Makes an opencode a member of the fleet until the end of a scope: registered on this machine and, through a tunnel, on
 * the relay.
 */
import { Clock, Duration, Effect, Path, Ref, Schedule, Stream, SubscriptionRef } from "effect"
import type { DatabaseValues } from "../database/Database.ts"
import { announceInstance } from "../discovery/postgres/announceInstance.ts"
import { urlOf } from "../discovery/address.ts"
import { instanceName } from "../discovery/instanceName.ts"
import type { ConnectState, Registration } from "../discovery/relay/Registration.ts"
import { register, type RegistrationFailed } from "../discovery/relay/RegistrationFiles.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { machineId } from "../machine/machineId.ts"
import type { ClientError } from "../opencode/errors.ts"
import type { ApiVersion, Credentials } from "../opencode/Target.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import { localOpencode } from "./localOpencode.ts"
import { RelayNeedsPassword } from "./RelayNeedsPassword.ts"
import { displayCommand } from "./tunnel/displayCommand.ts"
import { keepTunnel, type TunnelState } from "./tunnel/Tunnel.ts"

/** A machine on which the instance is also registered. */
export interface Relay {
  /** A shell command line that opens a shell on the relay, such as `ssh me@relay`. It is trusted. */
  readonly command: string
  /** The relay directory there: an absolute path, or one that starts with `~/`. Default: that machine's own default. */
  readonly directory?: string | undefined
  /**
   * Registers an opencode 1 there although it requires no password. Everyone with an account on the relay can then run
   * commands on this machine. Default: false.
   */
  readonly withoutPassword?: boolean | undefined
}

/** The database in which the instance is announced to other machines. */
export interface Registry {
  readonly database: DatabaseValues
  /** The URL at which other machines reach the instance. Default: none, so that they only know that it is there. */
  readonly url?: string | undefined
}

/** Where and how an instance is registered. */
export interface MembershipOptions {
  /** The instance's name. Default: host and directory, such as `laptop-web-shop`. */
  readonly name?: string | undefined
  /** Absolute path of the relay directory on this machine. */
  readonly relayDirectory: string
  /** Absolute path of the directory with this machine's id, which distinguishes machines with the same host name. */
  readonly stateDirectory: string
  /** Default: registered on this machine only. */
  readonly relay?: Relay | undefined
  /** Default: not announced in a database. */
  readonly registry?: Registry | undefined
  /** opencode's own user name and password. Default: none. They are sent to 127.0.0.1 only, and not stored. */
  readonly credentials?: Credentials | undefined
  /** Timeout of one health request. Default: 3 seconds. */
  readonly probeTimeout?: Duration.Input | undefined
  /**
   * Written into the local registration, with the state of the tunnel, for `connect --status` and `doctor`: this process's
   * id, and the path of its log. Default: not written.
   */
  readonly connect?: Pick<ConnectState, "pid" | "log"> | undefined
}

export interface JoinOptions extends MembershipOptions {
  /** The loopback address at which opencode listens. Default: 127.0.0.1. */
  readonly address?: string | undefined
  /** opencode's port on this machine. */
  readonly port: number
  /** The version of opencode's API. Default: 1. */
  readonly api?: ApiVersion | undefined
  /** opencode's process id, if it is known. */
  readonly pid?: number | undefined
  /** The directory that opencode was started in, if known. Used when opencode is slow to report its own. */
  readonly startedIn?: string | undefined
}

/** opencode does not report its directory or require a password, or the registration cannot be written on this machine. */
export type JoinError = ClientError | RegistrationFailed | RelayNeedsPassword

/** Milliseconds. */
export const probeTimeoutOf = ({ probeTimeout = "3 seconds" }: Pick<MembershipOptions, "probeTimeout">): number =>
  Duration.toMillis(probeTimeout)

/** Also an opencode that was started without the password, whatever this program's settings are. */
const requirePassword = Effect.fnUntraced(function* ({ api = 1, credentials, port, relay, ...options }: JoinOptions) {
  if (relay === undefined || relay.withoutPassword === true) return
  const opencode = yield* localOpencode({ port, credentials: undefined })
  const isOpen = yield* opencode.health(probeTimeoutOf(options)).pipe(
    Effect.as(true),
    Effect.catchTag("Unauthorized", () => Effect.succeed(false)),
  )
  if (isOpen) return yield* new RelayNeedsPassword({ api, isSet: credentials !== undefined })
})

/** How often the registration is checked, and restored if another program has removed it. */
const checkEvery = "15 seconds"

const iso = (epochMillis: number) => new Date(epochMillis).toISOString()

const tunnelText = (relay: Relay, state: TunnelState) =>
  `${displayCommand(relay.command)}: ${state._tag} since ${iso(state.since)}${state._tag === "waiting" ? `: ${state.reason}` : ""}`

export const tunnelView = (relay: string, state: TunnelState): NonNullable<ConnectState["tunnel"]> => ({
  relay,
  state: state._tag,
  since: iso(state.since),
  ...(state._tag === "connected" ? { port: state.port } : {}),
  ...(state._tag === "waiting" ? { reason: state.reason } : {}),
})

/** Prefers opencode's own report, which resolves links and arguments, but is only available once its project is set up. */
const directoryOf = (opencode: Opencode, startedIn: string | undefined) =>
  startedIn === undefined
    ? opencode.directory
    : opencode.directory.pipe(
        Effect.timeout("3 seconds"),
        Effect.catch(({ message }) => Effect.as(Effect.logWarning(`opencode's directory: ${message}`), startedIn)),
      )

/**
 * Registers an opencode that answers, and maintains the registration and the tunnel in the background until the scope closes.
 * Returns `tunnel`, which reads the tunnel's current state; None without a relay.
 *
 * Fails if opencode does not report its directory, if it has a relay but requires no password, or if the registration cannot be written on this machine. An unreachable
 * relay is no failure: the tunnel retries for as long as the scope is open.
 */
export const join = Effect.fn("join")(function* (options: JoinOptions) {
  const { address, connect, pid, port, registry, relay } = options
  const path = yield* Path.Path
  const { birthOf, hostname } = yield* LocalMachine
  yield* requirePassword(options)
  const opencode = yield* localOpencode({ address, port, credentials: options.credentials })
  const cwd = yield* directoryOf(opencode, options.startedIn)
  const id = registry === undefined ? undefined : crypto.randomUUID()
  const common = {
    ...(id === undefined ? {} : { id }),
    hostname,
    port,
    ...(options.api === 2 ? { api: options.api } : {}),
    cwd,
    connectedAt: iso(yield* Clock.currentTimeMillis),
  }
  const birth = pid === undefined ? undefined : birthOf(pid)
  const registration: Registration = {
    name: instanceName(options.name, hostname, cwd),
    ...common,
    ...(address === undefined || address === "127.0.0.1" ? {} : { address }),
    ...(pid === undefined ? {} : { pid }),
    ...(birth === undefined ? {} : { birth }),
  }
  const machine = relay === undefined && registry === undefined ? "" : yield* machineId(options.stateDirectory)
  const withState = (state: { readonly tunnel?: ConnectState["tunnel"] | undefined }): Registration =>
    connect === undefined ? registration : { ...registration, connect: { ...connect, ...state } }
  const kept = yield* register(options.relayDirectory, withState({}))
  yield* Effect.logInfo(`registered as ${kept.name}: port ${port}, in ${kept.file}`)

  const tunnel =
    relay === undefined
      ? undefined
      : yield* keepTunnel({
          command: relay.command,
          directory: relay.directory,
          file: `${path.basename(kept.file, ".json")}-${machine}.json`,
          // Process ids mean nothing on another machine.
          localAddress: address,
          registration: { name: kept.name, ...common, localPort: port },
          isHealthy: Effect.isSuccess(opencode.health(probeTimeoutOf(options))),
        })
  const row =
    registry === undefined || id === undefined
      ? undefined
      : yield* announceInstance(
          registry.database,
          id,
          Effect.map(tunnel === undefined ? Effect.undefined : SubscriptionRef.get(tunnel), (state) => ({
            name: kept.name,
            host: hostname,
            machine,
            directory: cwd,
            pid,
            birth,
            url: registry.url,
            localUrl: urlOf(address ?? "127.0.0.1", port),
            tunnel: relay === undefined || state === undefined ? undefined : tunnelText(relay, state),
            api: options.api ?? 1,
          })),
        )
  const lastWarning = yield* Ref.make("")
  /** Logs a lasting problem once. */
  const warn = (message: string) =>
    Effect.flatMap(Ref.getAndSet(lastWarning, message), (before) =>
      before === message ? Effect.void : Effect.logWarning(message),
    )
  const write = Effect.gen(function* () {
    const state =
      relay === undefined || tunnel === undefined
        ? {}
        : { tunnel: tunnelView(displayCommand(relay.command), yield* SubscriptionRef.get(tunnel)) }
    yield* kept.write(withState(state))
  }).pipe(Effect.catch(({ message }) => warn(message)))
  if (tunnel !== undefined) {
    yield* SubscriptionRef.changes(tunnel).pipe(
      Stream.changes,
      Stream.runForEach(() => Effect.andThen(write, row?.update ?? Effect.void)),
      Effect.forkScoped,
    )
  }
  yield* Effect.flatMap(kept.isPresent, (isPresent) => (isPresent ? Effect.void : write)).pipe(
    Effect.repeat(Schedule.spaced(checkEvery)),
    Effect.forkScoped,
  )
  return { tunnel: tunnel === undefined ? Effect.succeedNone : Effect.asSome(SubscriptionRef.get(tunnel)) }
})
