/** Shows the turn that a tool follows, with forms for what it waits for, and ends the command with its outcome. */
import { Console, Effect, Option } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { Call } from "../../mcp/Call.ts"
import type { ToolError } from "../../tools/shared/errorText.ts"
import type { TurnView } from "../../tools/turns/turnSchemas.ts"
import { TurnWatcher } from "../../tools/turns/TurnWatcher.ts"
import { type CommandFailed, failedWithToolError } from "../process/exitStatus.ts"
import { endWith, summary } from "../process/turnExit.ts"
import { terminalForm } from "./terminalForm.ts"
import { toJson } from "./terminal.ts"
import { makeTurnScreen, type TurnScreen } from "./turnScreen.ts"

export interface ShowTurnOptions {
  /** Print the turn as JSON when it ends, instead of the agent's text. */
  readonly asJson: boolean
  /** What to say if the person stops the command. The agent keeps working. */
  readonly interrupted: (screen: TurnScreen) => Effect.Effect<void>
}

/** Fails with `CommandFailed` if the turn is not completed. */
export const showTurn = Effect.fnUntraced(function* <R>(
  { asJson, interrupted }: ShowTurnOptions,
  follow: (screen: TurnScreen) => Effect.Effect<TurnView, ToolError | CommandFailed, R>,
) {
  const screen = yield* makeTurnScreen(asJson)
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof terminalForm>>>()
  const view = yield* follow(screen).pipe(
    Effect.provideService(Call, {
      wantsProgress: true,
      progress: ({ message }) => screen.note(message),
      canAsk: canPrompt,
      ask: (question) => Effect.provideContext(screen.alone(terminalForm(question)), services),
      resumed: Option.none(),
    }),
    Effect.provideService(TurnWatcher, Option.some(screen.written)),
    Effect.onInterrupt(() => interrupted(screen)),
    Effect.mapError((error) => (error._tag === "CommandFailed" ? error : failedWithToolError(error))),
  )
  yield* screen.end
  for (const decision of view.decided ?? []) yield* screen.note(`Decision: ${decision}`)
  for (const { text } of view.waiting_for ?? []) yield* screen.note(text)
  if (asJson) yield* Console.log(toJson(view))
  yield* screen.note(summary(view))
  yield* endWith(view)
})
