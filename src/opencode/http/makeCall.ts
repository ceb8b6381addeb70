/** Runs a request of a version's HTTP client at a target: with a timeout, typed errors and a span. */
import { Effect, References } from "effect"
import type { ClientError } from "../errors.ts"
import { CurrentTarget, type Target } from "../Target.ts"
import { type Operation, type RawError, toClientError } from "./clientErrors.ts"
import { type NoAnswer, withTimeout } from "./withTimeout.ts"

/** Timeout of a request in milliseconds. opencode answers within milliseconds; while it is starting, it may never answer. */
export const requestTimeout = 10_000

/** `timeout` in milliseconds. */
export const makeCall =
  (target: Target) =>
  (name: string, options?: Partial<Operation>) =>
  <A>(
    request: Effect.Effect<A, Exclude<RawError, NoAnswer>, typeof CurrentTarget.Identifier>,
  ): Effect.Effect<A, ClientError> => {
    const timeout = options?.timeout ?? requestTimeout
    const answer = request.pipe(
      Effect.provideService(CurrentTarget, target),
      withTimeout(timeout),
      Effect.mapError(toClientError(target, { ...options, name, timeout: timeout / 1000 })),
    )
    // Where tracing is off, as in probes, a span would cost a twentieth of the request.
    const traced = answer.pipe(
      Effect.withSpan(`Opencode.${name}`, { attributes: { instance: target.instance } }, { captureStackTrace: false }),
    )
    return Effect.flatMap(References.TracerEnabled, (isTraced) => (isTraced ? traced : answer))
  }

export type Call = ReturnType<typeof makeCall>
