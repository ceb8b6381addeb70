/** `opencode-fleet answer`: answers an agent's question. */
import { Effect } from "effect"
import { Argument, Command, TerminalCapabilities } from "effect/cli"
import { answer as checkedAnswer } from "../../tools/requests/personDecision.ts"
import { missing } from "../arguments/choose.ts"
import { chosenInstance } from "../arguments/instance.ts"
import { fleetWithAttentionLayer } from "../fleetLayer.ts"
import { decideRequest, decisionArguments } from "../process/decideRequest.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { decisionInTerminal } from "../terminal/terminalForm.ts"

const texts = Argument.String("text").pipe(
  Argument.variadic(),
  Argument.withDescription(
    "The label of an option, or your own words; one for each question, or several labels for one question. In a terminal, a form asks for what you leave out",
  ),
)

const input = { ...decisionArguments, texts }

/** Fails with `CommandFailed` if the question is not answered. */
export const answerQuestion = Effect.fnUntraced(function* ({
  texts,
  ...given
}: Command.Command.Config.Infer<typeof input>) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (texts.length === 0 && !canPrompt) {
    yield* chosenInstance(given.instance)
    return yield* missing("text", "a form asks for it")
  }
  yield* decideRequest(given, {
    kinds: ["question"],
    showsForm: texts.length === 0,
    decide: (pending, origin) =>
      texts.length === 0
        ? decisionInTerminal(origin, pending)
        : Effect.mapError(checkedAnswer(pending, { answers: texts }), failedWithToolError),
  })
})

export const answer = Command.make("answer", input, answerQuestion).pipe(
  Command.withDescription(`Answers an agent's question. In a terminal, leave the text out to choose from the options. \`opencode-fleet reject\` dismisses the question.

Exit status: 0 if opencode has the answer; 1 if nothing waits, if the answer is not one of the options or came too late, or for any other error; 2 for a usage error; 3 if you left the question open; with --follow that of \`send\`.`),
  Command.withShortDescription("Answer an agent's question"),
  Command.withExamples([
    { command: "opencode-fleet answer my-project latest", description: "Show the question and choose an answer" },
    { command: 'opencode-fleet answer my-project latest "Use PostgreSQL"', description: "Answer it" },
  ]),
  Command.provide(fleetWithAttentionLayer),
)
