/** Publishes the progress of a turn to its caller, which reads it in a fiber of its own. */
import { type Cause, Duration, Effect, Fiber, Latch, Queue, Stream } from "effect"
import type * as Turn from "../turn/Turn.ts"

/** The progress of a call of `Turns`. */
export type TurnStage =
  /**
   * The prompt is not sent yet; `turnsAhead` turns of the session come first. At least 1, because a turn that was started
   * elsewhere may be running.
   */
  | { readonly _tag: "Queued"; readonly turnsAhead: number }
  /** The latest value of the turn. */
  | { readonly _tag: "Following"; readonly turn: Turn.Turn }

/**
 * The stages of one call of `Turns`. Only the newest unread stage is kept, so a slow reader misses intermediate stages but
 * never the last one, and publishing never waits for the reader.
 */
export interface TurnStages {
  readonly publish: (stage: TurnStage) => Effect.Effect<void>
  /** Ends the stream. Every call does this when it ends, even with an error or an interruption. */
  readonly end: Effect.Effect<void>
  /** For a single reader: at most one stage per `pace`; the last one arrives immediately. Ends with the call. */
  readonly changes: Stream.Stream<TurnStage>
}

/** The stages of a call whose progress is not shown. */
export const unobserved: TurnStages = { publish: () => Effect.void, end: Effect.void, changes: Stream.empty }

/** `pace` is the shortest time between two stages. Default: 50 ms: a text that grows ten times a second is not delayed. */
export const makeTurnStages = (pace: Duration.Input = "50 millis"): Effect.Effect<TurnStages> =>
  Effect.gen(function* () {
    const queue = yield* Queue.sliding<TurnStage, Cause.Done>(1)
    const ended = yield* Latch.make()
    const pause = Effect.timeoutOption(ended.await, pace)
    return {
      publish: (stage) => Effect.sync(() => void Queue.offerUnsafe(queue, stage)),
      end: Effect.andThen(Queue.end(queue), ended.open).pipe(Effect.asVoid),
      changes: Stream.suspend(() => {
        let pulls = 0
        return Stream.transformPull(Stream.fromQueue(queue), (pull) =>
          Effect.succeed(Effect.suspend(() => (pulls++ === 0 ? pull : Effect.andThen(pause, pull)))),
        )
      }),
    }
  })

/** Reads the stages of a call to their end. */
export type TurnObserver<R = never> = (stages: Stream.Stream<TurnStage>) => Effect.Effect<void, never, R>

export interface ObserveOptions {
  /** The shortest time between two stages. Default: 50 ms. */
  readonly pace?: Duration.Input
  /** How long a successful call waits for the observer to handle the last stage. Default: 8 seconds. */
  readonly finishWithin?: Duration.Input
}

/**
 * Runs a call of `Turns` and an observer of its stages beside it:
 *
 * ```ts
 * observeTurn(
 *   (stages) => turns.send(target, session, { text, ifBusy: "wait", timeout: "5 minutes", stages }),
 *   (stages) => Stream.runForEach(stages, show),
 * )
 * ```
 *
 * The observer handles the last stage before the result is returned, if it does so within `finishWithin`. It delays nothing
 * else: an interruption leaves even an uninterruptible observer behind, and a defect in it is only logged.
 */
export const observeTurn = <A, E, R, R2 = never>(
  call: (stages: TurnStages) => Effect.Effect<A, E, R>,
  observer: TurnObserver<R2>,
  { finishWithin = "8 seconds", pace }: ObserveOptions = {},
): Effect.Effect<A, E, R | R2> =>
  Effect.gen(function* () {
    const stages = yield* makeTurnStages(pace)
    const observing = Effect.suspend(() => observer(stages.changes)).pipe(
      Effect.catchCause((cause) => Effect.logWarning("the observer of a turn failed", cause)),
    )
    return yield* Effect.acquireUseRelease(
      Effect.forkDetach(observing),
      (fiber) =>
        call(stages).pipe(
          Effect.ensuring(stages.end),
          Effect.tap(() => Effect.timeoutOption(Fiber.await(fiber), finishWithin)),
        ),
      (fiber) => Effect.sync(() => fiber.interruptUnsafe()),
    )
  })
