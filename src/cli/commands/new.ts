/** `opencode-fleet new`: creates an empty session. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { chosenInstance, instance } from "../arguments/instance.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { toJson } from "../terminal/terminal.ts"

const title = Flag.String("title").pipe(
  Flag.withDescription("The session's title (default: from its first message)"),
  Flag.optional,
)

const directory = Flag.String("directory").pipe(
  Flag.withAlias("d"),
  Flag.withDescription(
    "Its directory on the instance's machine, an absolute path. Needed for an opencode 2 that serves several projects",
  ),
  Flag.optional,
)

const asJson = asJsonFlag("JSON in the shape of the MCP tool create_session, instead of the id")

const input = { instance, title, directory, asJson }

export const newSession = Effect.fnUntraced(function* ({
  asJson,
  directory,
  instance,
  title,
}: Command.Command.Config.Infer<typeof input>) {
  const { create_session } = yield* sessionHandlers()
  const view = yield* Effect.mapError(
    create_session({
      instance: yield* chosenInstance(instance),
      ...(Option.isSome(title) ? { title: title.value } : {}),
      ...(Option.isSome(directory) ? { directory: directory.value } : {}),
    }),
    failedWithToolError,
  )
  const { session_id: id } = view.session
  yield* Console.log(asJson ? toJson(view) : id)
  yield* Console.error(
    `New session on ${view.instance}, in ${view.session.directory}. \`opencode-fleet send ${view.instance} ${id} MESSAGE\` gives it work.`,
  )
})

export const new_ = Command.make("new", input, newSession).pipe(
  Command.withDescription(`Creates an empty session, and prints its id alone on stdout.

Exit status: 0; 1 if the session was not created; 2 for a usage error.`),
  Command.withShortDescription("Create an empty session"),
  Command.withExamples([
    {
      command: 'id=$(opencode-fleet new my-project --title "Nightly tests")',
      description: "Create a session in a script",
    },
  ]),
  Command.provide(fleetLayer),
)
