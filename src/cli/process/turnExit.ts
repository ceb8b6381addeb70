/** What is said at the end of a turn that was followed in a terminal, and the exit status. */
import { Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { plural } from "../../tools/shared/markdown.ts"
import type { TurnView } from "../../tools/turns/turnSchemas.ts"
import { CommandFailed, exitStatus } from "./exitStatus.ts"

const statusOf = (outcome: TurnView["outcome"]): number => {
  switch (outcome) {
    case "accepted":
    case "completed":
      return 0
    case "needs permission":
    case "needs answer":
      return exitStatus.waits
    case "still running":
      return exitStatus.running
    default:
      return exitStatus.failed
  }
}

/** The facts of a turn on one line. */
export const summary = (view: TurnView): string =>
  [
    ...(view.outcome === "completed" ? [view.outcome] : []),
    `session ${view.session_id} on ${view.instance}`,
    ...(view.tools.length === 0 ? [] : [plural(view.tools.length, "tool call")]),
    ...(view.files.length === 0 ? [] : [`changed ${view.files.join(", ")}`]),
    `${view.input_tokens} tokens in, ${view.output_tokens} out`,
    ...(view.cost === 0 ? [] : [`$${view.cost.toFixed(4)}`]),
  ].join(" · ")

/** Where a person goes on who has no form here. The instance may have gone since. */
const wayOut = ({ instance, session_id }: TurnView) =>
  Effect.flatMap(Fleet, (fleet) => fleet.resolve(instance)).pipe(
    Effect.map(({ url }) => `\`opencode attach ${url} --session ${session_id}\``),
    Effect.orElseSucceed(() => "that opencode"),
  )

const sentence = Effect.fnUntraced(function* (view: TurnView) {
  const said = `${view.outcome}${view.detail === "" ? "" : `: ${view.detail}`}`
  switch (statusOf(view.outcome)) {
    case exitStatus.waits:
      return `${said}\n  The agent waits until a person decides, in ${yield* wayOut(view)} or through an MCP client with ${
        view.outcome === "needs permission" ? "respond_permission" : "answer_question"
      }.`
    case exitStatus.running:
      return `${said}\n  The agent goes on; only our waiting has ended (SEND_TIMEOUT_MS). Do not send the message again; see in ${yield* wayOut(view)} what comes of it.`
    default:
      return said
  }
})

/** Fails with the status and the reason of a turn that is not completed. */
export const endWith = Effect.fnUntraced(function* (view: TurnView) {
  const status = statusOf(view.outcome)
  if (status !== 0) return yield* new CommandFailed({ status, reason: yield* sentence(view) })
})
