/** Shows several turns: a line on stdout as each ends or begins to wait for a person, and progress on stderr. */
import { Console, Effect, Option } from "effect"
import { Call } from "../../mcp/Call.ts"
import type { ManyTurn, Until } from "../../tools/many/ManyTurns.ts"
import { manySessionsView, type Unchecked } from "../../tools/many/manyView.ts"
import type { ManyCallOptions } from "../../tools/many/followSessions.ts"
import { endWithWorst } from "../process/manyExit.ts"
import { manyLine } from "./manyLines.ts"
import { errorStyle, style } from "./style.ts"
import { toJson, width } from "./terminal.ts"

interface ShowManyOptions {
  readonly until: Until
  /** Print the answer of wait_for_sessions at the end, instead of the lines. */
  readonly asJson: boolean
  /** What to say, after that the agents are still working, if the person stops the command. */
  readonly interrupted?: string
  readonly unchecked?: ReadonlyArray<Unchecked>
}

/** Fails with `CommandFailed` for the worst outcome. */
export const showMany = Effect.fnUntraced(function* <E, R>(
  { asJson, interrupted = "", unchecked = [], until }: ShowManyOptions,
  follow: (options: ManyCallOptions) => Effect.Effect<ReadonlyArray<ManyTurn>, E, R>,
) {
  const [colours, room] = [yield* style, yield* width]
  const { faint } = yield* errorStyle
  const turns = yield* follow({
    until,
    ...(asJson ? {} : { onReported: (turn: ManyTurn) => Console.log(manyLine(turn, colours, room)) }),
  }).pipe(
    Effect.provideService(Call, {
      wantsProgress: true,
      progress: ({ message }) => Console.error(faint(message)),
      canAsk: false,
      ask: () => Effect.succeed({ action: "unavailable" }),
      resumed: Option.none(),
    }),
    Effect.onInterrupt(() => Console.error(`Stopped following. The agents are still working. ${interrupted}`.trim())),
  )
  if (asJson) yield* Console.log(toJson(manySessionsView(turns, unchecked)))
  yield* endWithWorst(turns, until)
})
