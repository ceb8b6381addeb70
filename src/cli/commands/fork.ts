/** `opencode-fleet fork`: copies a session's conversation into a new session. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { chosenPlace, placeArguments } from "../arguments/session.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { toJson } from "../terminal/terminal.ts"
import { ownCommand } from "../../text/ownCommand.ts"

const before = Flag.String("before").pipe(
  Flag.withDescription("The id of a message: only what is before it is copied (default: everything)"),
  Flag.optional,
)

const asJson = asJsonFlag("JSON in the shape of the MCP tool fork_session, instead of the id")

const input = { ...placeArguments, before, asJson }

export const forkSession = Effect.fnUntraced(function* ({
  asJson,
  before,
  ...given
}: Command.Command.Config.Infer<typeof input>) {
  const { fork_session } = yield* sessionHandlers()
  const view = yield* Effect.mapError(
    fork_session({
      ...(yield* chosenPlace(given)),
      ...ifGiven("message_id", before),
    }),
    (error) => failedWithToolError(error, { message_id: "--before" }),
  )
  const { session_id: id, title } = view.session
  yield* Console.log(asJson ? toJson(view) : id)
  yield* Console.error(
    `New session "${title}" on ${view.instance}. \`${ownCommand("send", view.instance, id, "MESSAGE")}\` continues there.`,
  )
})

export const fork = Command.make("fork", input, forkSession).pipe(
  Command.withDescription(`Copies the conversation of a session into a new one, and prints the id of the new one alone on stdout.

Exit status: 0; 1 if the session was not created; 2 for a usage error.`),
  Command.withShortDescription("Copy a session into a new one"),
  Command.withExamples([
    { command: "opencode-fleet fork my-project latest", description: "Try something else from here" },
  ]),
  Command.provide(fleetLayer),
)
