/**
 * Makes an opencode a member of the fleet: registered on this machine and, through a tunnel, on the relay, until the end
 * of a scope.
 */
import { Clock, Duration, Effect, Path, Ref, Schedule, Stream, SubscriptionRef } from "effect"
import { LocalMachine } from "../machine/LocalMachine.ts"
import { instanceName } from "../discovery/instanceName.ts"
import type { ConnectState, Registration } from "../discovery/relay/Registration.ts"
import { keep } from "../discovery/relay/RegistrationFiles.ts"
import type { Opencode } from "../opencode/v1/OpencodeClient.ts"
import { Settings } from "../Settings.ts"
import { keepTunnel, type TunnelState } from "./tunnel/Tunnel.ts"
import { displayCommand } from "./tunnel/displayCommand.ts"
import { localOpencode } from "./localOpencode.ts"
import { machineId } from "../machine/machineId.ts"

export interface Member {
  /** On this machine. */
  readonly port: number
  /** opencode's process, if it is known. */
  readonly pid: number | undefined
  /** Where it was started, if that is known: for one that is slow to say where it works. */
  readonly startedIn: string | undefined
  /** This program's own. */
  readonly connect: Pick<ConnectState, "pid" | "log">
}

/** A file that is missing is put back within this time: other programs tidy up, too. */
const lookAfter = "15 seconds"

const iso = (epochMillis: number) => new Date(epochMillis).toISOString()

const tunnelView = (relay: string, state: TunnelState): ConnectState["tunnel"] => ({
  relay,
  state: state._tag,
  since: iso(state.since),
  ...(state._tag === "connected" ? { port: state.port } : {}),
  ...(state._tag === "waiting" ? { reason: state.reason } : {}),
})

/** opencode's own word, for links and its arguments count; but it sets its project up before it says it. */
const directoryOf = (opencode: Opencode, startedIn: string | undefined) =>
  startedIn === undefined
    ? opencode.directory
    : opencode.directory.pipe(
        Effect.timeout("3 seconds"),
        Effect.catch(({ message }) => Effect.as(Effect.logWarning(`opencode's directory: ${message}`), startedIn)),
      )

/**
 * Registers an opencode that answers, and goes on in the background. Its `tunnel` tells how that is at any time;
 * none where there is no relay.
 */
export const join = Effect.fn("join")(function* ({ connect, pid, port, startedIn }: Member) {
  const settings = yield* Settings
  const path = yield* Path.Path
  const { birthOf, hostname } = yield* LocalMachine
  const opencode = yield* localOpencode(port)
  const cwd = yield* directoryOf(opencode, startedIn)
  const common = { hostname, port, cwd, connectedAt: iso(yield* Clock.currentTimeMillis) }
  const birth = pid === undefined ? undefined : birthOf(pid)
  const registration: Registration = {
    name: instanceName(settings.instanceName, hostname, cwd),
    ...common,
    ...(pid === undefined ? {} : { pid }),
    ...(birth === undefined ? {} : { birth }),
  }
  const { relayCommand } = settings
  const machine = relayCommand === undefined ? "" : yield* machineId(settings.stateDirectory)
  const kept = yield* keep(settings.relayDirectory, { ...registration, connect })
  yield* Effect.logInfo(`registered as ${kept.name}: port ${port}, in ${kept.file}`)

  const tunnel =
    relayCommand === undefined
      ? undefined
      : yield* keepTunnel({
          command: relayCommand,
          directory: settings.relayRemoteDirectory,
          file: `${path.basename(kept.file, ".json")}-${machine}.json`,
          // Process ids mean nothing on another machine.
          registration: { name: kept.name, ...common, localPort: port },
          answers: Effect.isSuccess(opencode.health(Duration.toMillis(settings.probeTimeout))),
        })
  const warned = yield* Ref.make("")
  /** What goes on being wrong is said once. */
  const warn = (message: string) =>
    Effect.flatMap(Ref.getAndSet(warned, message), (before) =>
      before === message ? Effect.void : Effect.logWarning(message),
    )
  const write = Effect.gen(function* () {
    const view =
      relayCommand === undefined || tunnel === undefined
        ? {}
        : { tunnel: tunnelView(displayCommand(relayCommand), yield* SubscriptionRef.get(tunnel)) }
    yield* kept.write({ ...registration, connect: { ...connect, ...view } })
  }).pipe(Effect.catch(({ message }) => warn(message)))
  if (tunnel !== undefined) {
    yield* SubscriptionRef.changes(tunnel).pipe(
      Stream.changes,
      Stream.runForEach(() => write),
      Effect.forkScoped,
    )
  }
  yield* Effect.flatMap(kept.present, (present) => (present ? Effect.void : write)).pipe(
    Effect.repeat(Schedule.spaced(lookAfter)),
    Effect.forkScoped,
  )
  return { tunnel: tunnel === undefined ? Effect.succeedNone : Effect.asSome(SubscriptionRef.get(tunnel)) }
})
