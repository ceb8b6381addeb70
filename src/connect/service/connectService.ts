/** `opencode-fleet connect` with opencode 2: its background service on a relay, and its terminal UI. */
import { Effect, Option, Ref, Scope, Stream, SubscriptionRef } from "effect"
import { type ConnectOptions, type ConnectResult, tunnelProblem } from "../connect.ts"
import { RelayNeedsPassword } from "../RelayNeedsPassword.ts"
import type { OpencodeNotFound, OpencodeNotStarted } from "../OpencodeChild.ts"
import { runTerminalUi } from "../runTerminalUi.ts"
import { ensureService, type EnsureServiceError, withoutPassword } from "./ensureService.ts"
import { announceService } from "./announceService.ts"
import { keepOnRelay } from "./keepOnRelay.ts"

/** Why opencode 2 was not started. */
export type ConnectServiceError = OpencodeNotFound | OpencodeNotStarted | RelayNeedsPassword | EnsureServiceError

export interface ConnectServiceOptions extends ConnectOptions {
  /** The arguments of the terminal UI. Undefined: no terminal UI, until a signal asks this program to end. */
  readonly args: ReadonlyArray<string> | undefined
  /** Runs if the start of the service takes long. */
  readonly onSlowStart?: Effect.Effect<void> | undefined
}

const slowAfter = "3 seconds"

/**
 * Starts the service if it is not running, and keeps it on the relay, if there is one. On this machine nothing is registered,
 * because the transport `service` finds the service. It is never stopped.
 */
export const connectService = Effect.fn("connectService")(function* ({
  args,
  credentials,
  onSlowStart = Effect.void,
  registry,
  relay,
  stopSignals,
  ...membership
}: ConnectServiceOptions) {
  if (relay !== undefined && credentials === undefined) return yield* new RelayNeedsPassword({ api: 2, isSet: false })
  const ended: ConnectResult = { exitStatus: 0, problem: Option.none() }
  const started = yield* ensureService.pipe(
    Effect.asSome,
    Effect.raceFirst(Effect.as(Stream.runHead(stopSignals), Option.none())),
    Effect.raceFirst(Effect.andThen(Effect.delay(onSlowStart, slowAfter), Effect.never)),
  )
  if (Option.isNone(started)) return ended
  const problem = yield* Ref.make<Effect.Effect<ConnectResult["problem"]>>(Effect.succeedNone)
  const membershipScope = yield* Scope.make()
  const join = Effect.gen(function* () {
    if (registry !== undefined) yield* announceService({ ...membership, registry })
    if (relay === undefined || credentials === undefined) return
    const tunnel = yield* keepOnRelay({ ...membership, relay, credentials })
    yield* Ref.set(problem, Effect.map(SubscriptionRef.get(tunnel), tunnelProblem))
  })
  const run = Effect.gen(function* () {
    yield* join.pipe(Scope.provide(membershipScope), Effect.forkScoped)
    if (args === undefined) {
      yield* Effect.logInfo(
        `opencode's background service is running${
          relay === undefined ? ", and the fleet on this machine finds it without a registration" : ""
        }`,
      )
      yield* Stream.runHead(stopSignals)
      return ended
    }
    return {
      exitStatus: yield* runTerminalUi({ args, stopSignals, env: withoutPassword }),
      problem: yield* Effect.flatten(Ref.get(problem)),
    } satisfies ConnectResult as ConnectResult
  })
  return yield* Effect.scoped(run).pipe(Effect.onExit((exit) => Scope.close(membershipScope, exit)))
})
