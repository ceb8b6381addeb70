/** Lets the person choose what a command needs and was not given, from a list that filters as they type. */
import { Console, Effect } from "effect"
import { Prompt, TerminalCapabilities } from "effect/cli"
import { plainLine } from "../../text/plainText.ts"
import { CommandFailed, exitStatus } from "../process/exitStatus.ts"
import { argumentName } from "../usage/names.ts"

export interface Choice<A> {
  readonly title: string
  readonly value: A
}

/** What is missing, and from what it is chosen. */
interface Missing<A, E, R> {
  /** The argument's name, as the help shows it. */
  readonly argument: string
  /** The question, such as "Which instance?" */
  readonly message: string
  readonly choices: Effect.Effect<ReadonlyArray<Choice<A>>, E, R>
  /** What to say if there is nothing to choose from. */
  readonly none: string
}

/** `how`: what a terminal does about it. */
export const missing = (argument: string, how: string) =>
  new CommandFailed({
    status: exitStatus.usage,
    reason: `${argumentName(argument)} is missing. In a terminal it can be left out, and ${how}.`,
  })

/** The cursor is still inside a prompt that was closed. */
const newLine = Console.error("")

/** Ctrl-C or Esc ends the command. */
export const quittable = <A>(prompt: Prompt.Prompt<A>) =>
  Effect.catchTag(prompt, "QuitError", () => Effect.andThen(newLine, Effect.interrupt))

/** A single choice is taken without a question. Fails with `CommandFailed` without a terminal. */
export const choose = Effect.fnUntraced(function* <A, E, R>({ argument, choices, message, none }: Missing<A, E, R>) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return yield* missing(argument, "is chosen from a list")
  const all = yield* choices
  const [first, ...others] = all.map(({ title, value }) => ({ title: plainLine(title), value }))
  if (first === undefined) return yield* new CommandFailed({ status: exitStatus.failed, reason: none })
  if (others.length === 0) return first.value
  return yield* quittable(Prompt.AutoComplete({ message, choices: [first, ...others] }))
})

/** Lets the person choose several, at first all. A single choice is taken without a question. */
export const chooseSeveral = Effect.fnUntraced(function* <A>(message: string, choices: ReadonlyArray<Choice<A>>) {
  if (choices.length < 2) return choices.map(({ value }) => value)
  const titled = choices.map(({ title, value }) => ({ title: plainLine(title), value, selected: true }))
  return yield* quittable(Prompt.MultiSelect({ message, choices: titled, min: 1 }))
})

const notBlank = (text: string) => (text.trim() === "" ? Effect.fail("Type a text.") : Effect.succeed(text))

/** A text that the person types. Fails with `CommandFailed` without a terminal. */
export const typed = Effect.fnUntraced(function* ({ argument, message }: { argument: string; message: string }) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return yield* missing(argument, "the command asks for it")
  return yield* quittable(Prompt.String({ message, validate: notBlank }))
})

/** Asks yes or no. Ctrl-C and Esc mean no. */
export const confirmed = (message: string) =>
  Effect.catchTag(Prompt.Confirm({ message }), "QuitError", () => Effect.as(newLine, false))
