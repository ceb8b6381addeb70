/** Shows the turn that a tool follows, with forms for what it waits for, and ends the command with its outcome. */
import { Console, Effect, Option, Schema } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { Call } from "../../mcp/Call.ts"
import { OpenForm, wentWrong } from "../../tools/requests/askPerson.ts"
import type { ToolError } from "../../tools/shared/errorText.ts"
import type { TurnView } from "../../tools/turns/turnSchemas.ts"
import { TurnWatcher } from "../../tools/turns/TurnWatcher.ts"
import { type CommandFailed, failedWithToolError } from "../process/exitStatus.ts"
import { endAsChosen, endWith, summary } from "../process/turnExit.ts"
import { terminalForm } from "./terminalForm.ts"
import { toJson } from "./terminal.ts"
import { makeTurnScreen, type TurnScreen } from "./turnScreen.ts"

interface ShowTurnOptions {
  /** Print the turn as JSON when it ends, instead of the agent's text. */
  readonly asJson: boolean
  /** Whether the person has refused what the turn was waiting for. */
  readonly isRefused?: boolean
  /** What to say if the person stops the command. The agent keeps working. */
  readonly interrupted: (screen: TurnScreen) => Effect.Effect<void>
}

const decodeForm = Schema.decodeUnknownOption(OpenForm)

/** Fails with `CommandFailed` or `ChosenOutcome` if the turn is not completed. */
export const showTurn = Effect.fnUntraced(function* <R>(
  { asJson, interrupted, isRefused = false }: ShowTurnOptions,
  follow: (screen: TurnScreen) => Effect.Effect<TurnView, ToolError | CommandFailed, R>,
) {
  const screen = yield* makeTurnScreen(asJson)
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof terminalForm>>>()
  /** The requests that the person has seen in a form. */
  const asked = new Set<string>()
  const view = yield* follow(screen).pipe(
    Effect.provideService(Call, {
      wantsProgress: true,
      progress: ({ message }) => screen.progress(message),
      canAsk: canPrompt,
      ask: (question) => {
        for (const { request } of Option.toArray(decodeForm(question.state))) asked.add(request)
        return Effect.provideContext(screen.alone(terminalForm(question)), services)
      },
      resumed: Option.none(),
    }),
    Effect.provideService(TurnWatcher, Option.some(screen.written)),
    Effect.onInterrupt(() => interrupted(screen)),
    Effect.mapError((error) => (error._tag === "CommandFailed" ? error : failedWithToolError(error))),
  )
  yield* screen.end
  const decided = view.decided ?? []
  for (const decision of asked.size === 0 ? decided : decided.filter(wentWrong)) {
    yield* screen.note(`Decision: ${decision}`)
  }
  const unseen = (view.waiting_for ?? []).filter(({ id }) => !asked.has(id))
  for (const { text } of unseen) yield* screen.note(text)
  if (asJson) yield* Console.log(toJson(view))
  yield* screen.note(summary(view))
  if (asked.size > 0 && unseen.length === 0) return yield* endAsChosen(view, "form", screen.note)
  yield* isRefused ? endAsChosen(view, "refusal", screen.note) : endWith(view)
})
