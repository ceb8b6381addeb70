/** The two modes of `opencode-fleet connect`: start an opencode and register it, or register a running one. */
import { Effect, Option, Path, Ref, Result, Schedule, Schema, Scope, Stream } from "effect"
import { makeRelayDirectory } from "../discovery/relay/RegistrationFiles.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import { awaitHealth } from "./awaitHealth.ts"
import { join, type JoinError, type MembershipOptions, probeTimeoutOf } from "./join.ts"
import { localOpencode } from "./localOpencode.ts"
import type { OpencodeNotFound, OpencodeNotStarted } from "./OpencodeChild.ts"
import { RelayNeedsPassword } from "./RelayNeedsPassword.ts"
import { type PortTaken, startOpencode } from "./OpencodeProcess.ts"
import type { TunnelState } from "./tunnel/Tunnel.ts"

/** A signal that asks this program to end. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP"

export interface ConnectOptions extends MembershipOptions {
  readonly stopSignals: Stream.Stream<StopSignal>
}

/** opencode ended before it had answered a health request, so it was never registered. */
export class OpencodeNeverAnswered extends Schema.TaggedError<OpencodeNeverAnswered>()("OpencodeNeverAnswered", {}) {
  override get message() {
    return "opencode ended before it answered"
  }
}

/** The tunnel was down when opencode ended. `reason` is why the last attempt failed; None if none has ended yet. */
export class RelayNotConnected extends Schema.TaggedError<RelayNotConnected>()("RelayNotConnected", {
  reason: Schema.Option(Schema.String),
}) {
  override get message() {
    return `the relay was not connected: ${Option.getOrElse(this.reason, () => "it had not answered yet")}`
  }
}

/** What was wrong with the membership. An error and not a text, because each surface chooses its own words. */
export type MembershipProblem = OpencodeNeverAnswered | RelayNotConnected | JoinError

/** Why opencode was not started, or not registered. */
export type ConnectError = OpencodeNotFound | OpencodeNotStarted | PortTaken | JoinError

export interface ConnectResult {
  /** opencode's exit status; 0 for an opencode that this program did not start. */
  readonly exitStatus: number
  /** What was wrong with the membership when opencode ended. */
  readonly problem: Option.Option<MembershipProblem>
}

export const tunnelProblem = (state: TunnelState): Option.Option<MembershipProblem> =>
  state._tag === "connected"
    ? Option.none()
    : Option.some(
        new RelayNotConnected({ reason: state._tag === "waiting" ? Option.some(state.reason) : Option.none() }),
      )

const joinBackoff = Schedule.min([Schedule.exponential("5 seconds"), Schedule.spaced("5 minutes")])

/**
 * Starts opencode in this process's directory and registers it as soon as it answers. When opencode ends, the tunnel is closed
 * and then the registration is removed.
 *
 * Fails if opencode cannot be started, with `RelayNeedsPassword`, or with `RegistrationFailed` if the relay directory is not writable at the start. Once
 * opencode is running, a failing membership never stops it: the membership is retried and reported in `problem`.
 */
export const connectNew = Effect.fn("connectNew")(function* ({
  args,
  headless,
  stopSignals,
  ...membership
}: ConnectOptions & {
  /** Runs `opencode serve` instead of the terminal UI. */
  readonly headless: boolean
  /** opencode's own arguments. */
  readonly args: ReadonlyArray<string>
}) {
  const { credentials, relay } = membership
  if (relay !== undefined && relay.withoutPassword !== true && credentials === undefined) {
    return yield* new RelayNeedsPassword({ api: 1, isSet: false })
  }
  yield* makeRelayDirectory(membership.relayDirectory)
  const path = yield* Path.Path
  const membershipScope = yield* Scope.make()
  const problem = yield* Ref.make<Effect.Effect<ConnectResult["problem"]>>(
    Effect.succeedSome(new OpencodeNeverAnswered()),
  )

  const joinWhenHealthy = Effect.fnUntraced(function* ({ pid, port }: { readonly pid: number; readonly port: number }) {
    yield* awaitHealth(yield* localOpencode({ port, credentials: membership.credentials }))
    const { tunnel } = yield* join({ ...membership, pid, port, startedIn: path.resolve(".") })
    yield* Ref.set(problem, Effect.map(tunnel, Option.flatMap(tunnelProblem)))
  })
  const run = Effect.gen(function* () {
    const opencode = yield* startOpencode({ headless, args })
    yield* stopSignals.pipe(
      Stream.runForEach((signal) => {
        if (signal !== "SIGINT") return opencode.terminate
        // A Ctrl-C in the terminal has already reached the terminal UI.
        return headless ? opencode.interrupt : Effect.void
      }),
      Effect.forkScoped,
    )
    yield* joinWhenHealthy(opencode).pipe(
      Scope.provide(membershipScope),
      Effect.tapError((error) =>
        Effect.andThen(Effect.logError(error.message), Ref.set(problem, Effect.succeedSome(error))),
      ),
      // A full disk may have room again later, but retrying does not fix a wrong or missing password.
      Effect.retry({
        schedule: joinBackoff,
        while: ({ _tag }) => _tag !== "Unauthorized" && _tag !== "RelayNeedsPassword",
      }),
      Effect.ignore,
      Effect.forkScoped,
    )
    const exitStatus = yield* opencode.exitStatus
    const result: ConnectResult = { exitStatus, problem: yield* Effect.flatten(Ref.get(problem)) }
    const neverAnswered = Option.exists(result.problem, ({ _tag }) => _tag === "OpencodeNeverAnswered")
    return { result, again: headless && exitStatus !== 0 && neverAnswered && (yield* opencode.hasLostPort) }
  })
  const { result } = yield* Effect.scoped(run).pipe(
    Effect.repeat({ while: ({ again }) => again, times: 2 }),
    Effect.onExit((exit) => Scope.close(membershipScope, exit)),
  )
  return result
})

/** Number of consecutive refused connections after which an opencode that this program did not start counts as ended. */
const maxRefused = 3

const awaitEnd = Effect.fnUntraced(function* (opencode: Opencode, timeout: number) {
  let refused = 0
  while (refused < maxRefused) {
    yield* Effect.sleep("2 seconds")
    const health = yield* Effect.result(opencode.health(timeout))
    refused = Result.isFailure(health) && health.failure._tag === "InstanceUnreachable" ? refused + 1 : 0
  }
  yield* Effect.logInfo("opencode has ended")
})

/**
 * Registers an opencode that is already running on this machine, until it ends or a signal asks this program to end.
 *
 * Fails with the client's error if opencode does not answer immediately, or with `RegistrationFailed`.
 */
export const connectRunning = Effect.fn("connectRunning")(function* ({
  addresses = ["127.0.0.1"],
  port,
  stopSignals,
  ...membership
}: ConnectOptions & {
  /** The loopback addresses at which opencode may listen, the first choice first. Default: 127.0.0.1. */
  readonly addresses?: readonly [string, ...Array<string>] | undefined
  /** opencode's port. */
  readonly port: number
}) {
  const timeout = probeTimeoutOf(membership)
  const at = Effect.fnUntraced(function* (address: string) {
    const opencode = yield* localOpencode({ address, port, credentials: membership.credentials })
    const { api } = yield* opencode.health(timeout)
    return { address, api, opencode }
  })
  const [first, ...others] = addresses
  const { address, api, opencode } = yield* others.reduce(
    (found, other) => Effect.catchTag(found, "InstanceUnreachable", (error) => Effect.mapError(at(other), () => error)),
    at(first),
  )
  yield* join({ ...membership, address, port, api })
  yield* Effect.raceFirst(awaitEnd(opencode, timeout), Stream.runHead(stopSignals))
  return { exitStatus: 0, problem: Option.none() } satisfies ConnectResult as ConnectResult
}, Effect.scoped)
