/** The two lives of `opencode-fleet connect`: with an opencode of its own, and beside one that runs already. */
import { Duration, Effect, Function, Option, Path, Ref, Result, Schedule, Scope, Stream } from "effect"
import type { ConnectState } from "../discovery/relay/Registration.ts"
import { makeRelayDirectory } from "../discovery/relay/RegistrationFiles.ts"
import type { Opencode } from "../opencode/v1/OpencodeClient.ts"
import { Settings } from "../Settings.ts"
import { awaitHealth } from "./awaitHealth.ts"
import { join } from "./join.ts"
import { localOpencode } from "./localOpencode.ts"
import type { TunnelState } from "./tunnel/Tunnel.ts"
import { startOpencode } from "./OpencodeProcess.ts"

/** What asks this program to end. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP"

export interface ConnectOptions {
  readonly connect: Pick<ConnectState, "pid" | "log">
  readonly stopSignals: Stream.Stream<StopSignal>
}

export interface Outcome {
  /** opencode's exit status; 0 of one that somebody else has started. */
  readonly status: number
  /** What was wrong with the membership when it ended. */
  readonly trouble: Option.Option<string>
}

/** What is wrong with a tunnel, if anything is. */
const troubleOf = (state: TunnelState): Option.Option<string> => {
  switch (state._tag) {
    case "connected":
      return Option.none()
    case "connecting":
      return Option.some("it was not on the relay yet, which had not answered")
    case "waiting":
      return Option.some(`it was not on the relay: ${state.reason}`)
  }
}

const joinAgain = Schedule.min([Schedule.exponential("5 seconds"), Schedule.spaced("5 minutes")])

/**
 * Starts opencode and lets it join as soon as it answers. Returns its exit status, and what was wrong with its
 * membership when it ended. opencode ends first, then the tunnel, then the registration.
 */
export const connectNew = Effect.fn("connectNew")(function* ({
  args,
  connect,
  stopSignals,
  headless,
}: ConnectOptions & { readonly headless: boolean; readonly args: ReadonlyArray<string> }) {
  yield* makeRelayDirectory((yield* Settings).relayDirectory)
  const path = yield* Path.Path
  const membership = yield* Scope.make()
  const trouble = yield* Ref.make(Effect.succeedSome("opencode ended before it answered"))

  const joined = Effect.fnUntraced(function* (member: { readonly pid: number; readonly port: number }) {
    yield* awaitHealth(yield* localOpencode(member.port))
    const { tunnel } = yield* join({ ...member, connect, startedIn: path.resolve(".") })
    yield* Ref.set(trouble, Effect.map(tunnel, Option.flatMap(troubleOf)))
  })
  const live = Effect.gen(function* () {
    const opencode = yield* startOpencode({ headless, args })
    yield* stopSignals.pipe(
      Stream.runForEach((ending) => {
        if (ending !== "SIGINT") return opencode.terminate
        // In the terminal UI's terminal a Ctrl-C has reached it already.
        return headless ? opencode.interrupt : Effect.void
      }),
      Effect.forkScoped,
    )
    yield* joined(opencode).pipe(
      Scope.provide(membership),
      Effect.tapError(({ message }) =>
        Effect.andThen(Effect.logError(message), Ref.set(trouble, Effect.succeedSome(message))),
      ),
      // A disk may be full for a while; a password does not become right.
      Effect.retry({ schedule: joinAgain, while: ({ _tag }) => _tag !== "Unauthorized" }),
      Effect.ignore,
      Effect.forkScoped,
    )
    const status = yield* opencode.exitStatus
    return { status, trouble: yield* Effect.flatMap(Ref.get(trouble), Function.identity) } satisfies Outcome as Outcome
  })
  return yield* Effect.scoped(live).pipe(Effect.onExit((exit) => Scope.close(membership, exit)))
})

/** So many refused connections in a row, and an opencode that somebody else has started counts as ended. */
const mostRefused = 3

const untilEnded = Effect.fnUntraced(function* (opencode: Opencode, patience: number) {
  let refused = 0
  while (refused < mostRefused) {
    yield* Effect.sleep("2 seconds")
    const asked = yield* Effect.result(opencode.health(patience))
    refused = Result.isFailure(asked) && asked.failure._tag === "InstanceUnreachable" ? refused + 1 : 0
  }
  yield* Effect.logInfo("opencode has ended")
})

/** Lets an opencode join that runs already on this machine, until it ends or this program is asked to. */
export const connectRunning = Effect.fn("connectRunning")(function* ({
  connect,
  stopSignals,
  port,
}: ConnectOptions & { readonly port: number }) {
  const { probeTimeout } = yield* Settings
  const opencode = yield* localOpencode(port)
  yield* opencode.health(Duration.toMillis(probeTimeout))
  yield* join({ connect, pid: undefined, port, startedIn: undefined })
  yield* Effect.raceFirst(untilEnded(opencode, Duration.toMillis(probeTimeout)), Stream.runHead(stopSignals))
  return { status: 0, trouble: Option.none() } satisfies Outcome as Outcome
}, Effect.scoped)
