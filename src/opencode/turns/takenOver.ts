/** Finds out whether a turn was lost because another opencode has the server's port now. */
import { Effect, Option } from "effect"
import { quote } from "../../text/plainText.ts"
import type { Opencode } from "../Opencode.ts"
import { isSameDirectory } from "../sameDirectory.ts"
import type { Target } from "../Target.ts"
import type * as Turn from "../turn/Turn.ts"

/** Milliseconds. */
const timeout = 2000

const isLost = ({ _tag }: Turn.Outcome) => _tag === "interrupted" || _tag === "unreachable"

/**
 * The outcome, unless it was lost and another opencode answers: one that works in another directory than the announced one.
 * opencode 2 serves all directories, so it is not asked.
 */
export const unlessTakenOver = Effect.fnUntraced(function* (
  outcome: Turn.Outcome,
  { directory }: Target,
  opencode: Opencode,
) {
  if (!isLost(outcome) || directory === undefined || opencode.capabilities.statusScope === "server") return outcome
  const reported = yield* Effect.option(opencode.location(timeout))
  if (Option.isNone(reported) || (yield* isSameDirectory(directory, reported.value.directory, true))) return outcome
  return {
    _tag: "interrupted",
    detail: `another opencode has the port now, which works in ${quote(reported.value.directory)}; the one that ran the turn, in ${quote(directory)}, has ended or moved`,
  } satisfies Turn.Outcome
})
