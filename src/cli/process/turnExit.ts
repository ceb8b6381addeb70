/** How `send` ends: the exit status of a turn's outcome, and the text on stderr. */
import { Effect, Runtime, Schema } from "effect"
import { plural } from "../../text/plural.ts"
import type { TurnView } from "../../tools/turns/turnSchemas.ts"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

const statusOf = (outcome: TurnView["outcome"]): number => {
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

/** Where a person can decide or watch the turn. opencode's own command differs between versions, and lacks the password. */
const attachCommand = ({ instance, session_id }: TurnView) =>
  `\`opencode-fleet attach ${instance} -- --session ${session_id}\``

const describe = (view: TurnView): string => {
  const outcome = `${view.outcome}${view.detail === undefined ? "" : `: ${view.detail}`}`
  if (view.outcome === "accepted") {
    return `${outcome}\n  opencode has the message ${view.message_id}. Do not send it again without --message-id ${view.message_id}. Watch it, or decide what it waits for, in ${attachCommand(view)}.`
  }
  switch (statusOf(view.outcome)) {
    case exitStatus.waits:
      return `${outcome}\n  The agent waits until a person ${
        view.outcome === "needs permission" ? "decides" : "answers"
      }: in ${attachCommand(view)} or with an MCP client.`
    case exitStatus.running:
      return `${outcome}\n  Stopped following after SEND_TIMEOUT_MS; the agent keeps working. Do not send the message again. Watch it in ${attachCommand(view)}.`
    default:
      return outcome
  }
}

/** Ends a command with the status of an outcome that the person has chosen and seen, which is no error. */
export class ChosenOutcome extends Schema.TaggedError<ChosenOutcome>()("ChosenOutcome", { status: Schema.Int }) {
  override readonly [Runtime.errorReported] = false
  override get [Runtime.errorExitCode]() {
    return this.status
  }
}

/** The outcomes that a person can choose at a form: by what they decide, or by closing it. */
const chosenAtForm = new Set<TurnView["outcome"]>(["rejected", "aborted", "needs permission", "needs answer"])

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

/** Like {@link endWith}, after forms for all requests of the turn: the outcome that they led to is noted, and is no error. */
export const endAfterForms = Effect.fnUntraced(function* (view: TurnView, note: (text: string) => Effect.Effect<void>) {
  if (!chosenAtForm.has(view.outcome)) return yield* endWith(view)
  yield* note(describeChosen(view))
  return yield* new ChosenOutcome({ status: statusOf(view.outcome) })
})
