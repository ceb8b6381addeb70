/** `opencode-fleet new`: creates an empty session. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { chosenInstance, instance } from "../arguments/instance.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { toJson } from "../terminal/terminal.ts"
import { ownCommand } from "../../text/ownCommand.ts"

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

const agent = Flag.String("agent").pipe(
  Flag.withDescription('Its agent, such as "plan" (default: opencode\'s)'),
  Flag.optional,
)

const model = Flag.String("model").pipe(
  Flag.withDescription("Its model, as provider/model (default: the agent's or opencode's)"),
  Flag.optional,
)

const worktree = Flag.String("worktree").pipe(
  Flag.withDescription("Work in a new git worktree of the directory, with this name"),
  Flag.optional,
)

const rule = (text: string) => {
  const [permission = "", ...pattern] = text.trim().split(/\s+/u)
  return { permission, pattern: pattern.join(" ") || "*", action: "allow" } as const
}

const allow = Flag.String("allow").pipe(
  Flag.filterMap(
    (text) => Option.liftPredicate(rule(text), ({ permission }) => permission !== ""),
    () => 'a permission and a pattern, such as "bash npm *"',
  ),
  Flag.withDescription(
    'What the agent may do without asking, as "permission" or "permission pattern": "bash npm *". Can be repeated',
  ),
  Flag.atLeast(0),
)

const asJson = asJsonFlag("JSON in the shape of the MCP tool create_session, instead of the id")

const input = { instance, title, directory, agent, model, worktree, allow, asJson }

export const newSession = Effect.fnUntraced(function* ({
  agent,
  allow,
  asJson,
  directory,
  instance,
  model,
  title,
  worktree,
}: Command.Command.Config.Infer<typeof input>) {
  const { create_session } = yield* sessionHandlers()
  const view = yield* Effect.mapError(
    create_session({
      instance: yield* chosenInstance(instance),
      // A blank title is none, as it is for the tool.
      ...ifGiven(
        "title",
        Option.filter(title, (text) => text.trim() !== ""),
      ),
      ...ifGiven("directory", directory),
      ...ifGiven("agent", agent),
      ...ifGiven("model", model),
      ...ifGiven("worktree", worktree),
      ...(allow.length === 0 ? {} : { permissions: allow }),
    }),
    failedWithToolError,
  )
  const { session_id: id } = view.session
  yield* Console.log(asJson ? toJson(view) : id)
  yield* Console.error(
    `New session on ${view.instance}, in ${view.session.directory}. \`${ownCommand("send", view.instance, id, "MESSAGE")}\` gives it work.`,
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
