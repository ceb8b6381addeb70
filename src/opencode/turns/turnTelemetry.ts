/** The span and the metric of a turn. Neither holds the prompt or the agent's text. */
import { Cause, Data, Effect, Metric, Option } from "effect"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import type { TurnReport } from "./followTurn.ts"

type Operation = "send" | "start" | "follow"

/**
 * Turns by `operation` and `outcome`: a `Turn.Outcome`, the tag of an error, `left` if the caller stopped following, or `defect`.
 */
const turns = Metric.counter("opencode_fleet.turns", { description: "Turns sent or followed", incremental: true })

const count = (operation: Operation, outcome: string) =>
  Metric.update(Metric.withAttributes(turns, { operation, outcome }), 1)

/** Marks the span with the kind of error only, because the error's text may quote a prompt. */
class TurnError<E> extends Data.TaggedError("TurnError")<{ readonly message: string; readonly error: E }> {}

/** Traces a turn as the span `Turns.OPERATION`, and counts its outcome. */
export const observedTurn =
  (operation: Operation, target: Target, session: Session) =>
  <E extends { readonly _tag: string }, R>(work: Effect.Effect<TurnReport, E, R>): Effect.Effect<TurnReport, E, R> =>
    work.pipe(
      Effect.tap(({ outcome }) => Effect.annotateCurrentSpan("opencode.turn.outcome", outcome._tag)),
      Effect.mapError((error) => new TurnError({ message: error._tag, error })),
      Effect.withSpan(`Turns.${operation}`, {
        attributes: { "opencode.instance": target.instance, "opencode.session.id": session.id },
      }),
      Effect.catchTag("TurnError", ({ error }) => Effect.fail(error)),
      Effect.onExit((exit) => {
        if (exit._tag === "Success") return count(operation, exit.value.outcome._tag)
        const error = Cause.findErrorOption(exit.cause)
        const outcome = Cause.hasInterruptsOnly(exit.cause) ? "left" : "defect"
        return count(operation, Option.match(error, { onNone: () => outcome, onSome: ({ _tag }) => _tag }))
      }),
    )
