/** `opencode-fleet reject`: refuses what an agent asks for, or dismisses its question. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { refusal } from "../../opencode/requests/decision.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { fleetWithAttentionLayer } from "../fleetLayer.ts"
import { decideRequest, decisionArguments } from "../process/decideRequest.ts"
import { CommandFailed, exitStatus } from "../process/exitStatus.ts"

const message = Flag.String("message").pipe(
  Flag.withAlias("m"),
  Flag.withDescription("What to do instead: the agent reads it and goes on. Not for a question"),
  Flag.optional,
)

const input = { ...decisionArguments, message }

const useAnswer = new CommandFailed({
  status: exitStatus.usage,
  reason: "--message is for a permission. `opencode-fleet answer` answers a question in your own words.",
})

const decision = (pending: PendingRequest, message: Option.Option<string>): Effect.Effect<Decision, CommandFailed> => {
  if (Option.isNone(message)) return Effect.succeed(refusal(pending))
  return pending.kind === "permission"
    ? Effect.succeed({ ...pending, reply: { reply: "reject", message: message.value } })
    : useAnswer
}

/** Fails with `CommandFailed` if the request is not refused. */
export const rejectRequest = Effect.fnUntraced(function* ({
  message,
  ...given
}: Command.Command.Config.Infer<typeof input>) {
  yield* decideRequest(given, {
    kinds: ["permission", "question"],
    decide: (pending) => decision(pending, message),
  })
})

export const reject = Command.make("reject", input, rejectRequest).pipe(
  Command.withDescription(`Refuses what an agent asks a permission for, or dismisses its question. That ends the agent's turn; with --message the agent goes on with what you tell it. Without a session, it is the only request that waits on the instance.

Exit status: 0 if opencode has the decision; 1 if nothing waits, if the decision came too late, or for any other error; 2 for a usage error; with --follow that of \`send\`.`),
  Command.withShortDescription("Refuse what an agent asks for"),
  Command.withExamples([
    {
      command: 'opencode-fleet reject my-project latest --message "Use the staging database"',
      description: "Refuse it, and say what to do instead",
    },
  ]),
  Command.provide(fleetWithAttentionLayer),
)
