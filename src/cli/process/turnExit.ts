/** How `send` ends: the exit status of a turn's outcome, and the text on stderr. */
import { Effect } from "effect"
import { plural } from "../../text/plural.ts"
import type { TurnView } from "../../tools/turns/turnSchemas.ts"
import { ChosenOutcome, CommandFailed, exitStatus } from "./exitStatus.ts"
import { ownCommand } from "../../text/ownCommand.ts"

export const statusOf = (outcome: TurnView["outcome"]): number => {
  switch (outcome) {
    case "completed":
      return 0
    case "needs permission":
    case "needs answer":
      return exitStatus.waits
    case "accepted":
    case "still running":
      return exitStatus.running
    default:
      return exitStatus.failed
  }
}

/** One line with the facts of a turn. */
export const summary = (view: TurnView): string =>
  [
    ...(view.outcome === "completed" ? [view.outcome] : []),
    `session ${view.session_id} on ${view.instance}`,
    ...(view.tools.length === 0 ? [] : [plural(view.tools.length, "tool call")]),
    ...(view.files.length === 0 ? [] : [`changed ${view.files.join(", ")}`]),
    `${view.input_tokens} tokens in, ${view.output_tokens} out`,
    ...(view.cost === 0 ? [] : [`$${view.cost.toFixed(4)}`]),
  ].join(" · ")

/** The command of that name for the turn's session. */
const command = (name: string, { instance, session_id }: TurnView, ...options: ReadonlyArray<string>) =>
  `\`${ownCommand(name, instance, session_id, ...options)}\``

const follow = (view: TurnView) => command("read", view, "--follow")

const describe = (view: TurnView): string => {
  const outcome = `${view.outcome}${view.detail === undefined ? "" : `: ${view.detail}`}`
  switch (view.outcome) {
    case "accepted":
      return `${outcome}\n  opencode has the message ${view.message_id}. Do not send it again without --message-id ${view.message_id}. ${follow(view)} shows its turn, and what that waits for.`
    case "needs permission":
      return `${outcome}\n  The agent waits until a person decides: ${command("approve", view)} or ${command("reject", view)}.`
    case "needs answer":
      return `${outcome}\n  The agent waits until a person answers: ${command("answer", view)} or ${command("reject", view)}.`
    case "still running":
      return `${outcome}\n  Stopped following after SEND_TIMEOUT_MS; the agent keeps working. Do not send the message again. ${follow(view)} follows it, ${command("abort", view)} stops it.`
    case "unreachable":
      return `${outcome}\n  It is unknown whether the turn continued. When \`opencode-fleet instances\` shows the instance again, ${command("read", view)} shows whether the message was answered. Do not send it again before that.`
    default:
      return outcome
  }
}

/** How a person can choose the outcome of a turn, and the outcomes that this leads to. */
const chosenBy = {
  /** They decided all of its requests at a form, or closed it. */
  form: new Set<TurnView["outcome"]>(["rejected", "aborted", "needs permission", "needs answer"]),
  /** They refused what the turn was waiting for. */
  refusal: new Set<TurnView["outcome"]>(["rejected", "aborted"]),
}

/** What a person is told about an outcome that they have chosen. They have seen the request. */
const describeChosen = (view: TurnView): string => {
  const [outcome = "", next] = describe(view).split("\n  ")
  return next === undefined ? outcome : `The request is still open. ${next}`
}

/** Fails with `CommandFailed` if the turn is not completed. */
export const endWith = Effect.fnUntraced(function* (view: TurnView) {
  const status = statusOf(view.outcome)
  if (status !== 0) return yield* new CommandFailed({ status, reason: describe(view) })
})

/** Like {@link endWith}, but an outcome that the person has chosen is noted, and is no error. */
export const endAsChosen = Effect.fnUntraced(function* (
  view: TurnView,
  choice: keyof typeof chosenBy,
  note: (text: string) => Effect.Effect<void>,
) {
  if (!chosenBy[choice].has(view.outcome)) return yield* endWith(view)
  yield* note(describeChosen(view))
  return yield* new ChosenOutcome({ status: statusOf(view.outcome) })
})
