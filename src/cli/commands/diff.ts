/** `opencode-fleet diff`: shows the files that a session has changed, as a unified diff. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { readChanges } from "../../tools/changes/changeHandlers.ts"
import { diffView } from "../../tools/changes/changeView.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { chosenPlace, placeArguments } from "../arguments/session.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { colouredPatch, diffSummary } from "../terminal/patch.ts"
import { errorStyle, style } from "../terminal/style.ts"
import { isTerminal, toJson, write } from "../terminal/terminal.ts"

const asJson = asJsonFlag("JSON in the shape of the MCP tool get_diff")

const message = Flag.String("message").pipe(
  Flag.withAlias("m"),
  Flag.withDescription("Only the turn of this message, an id that `read` shows"),
  Flag.optional,
)

const input = { ...placeArguments, message, asJson }

export const showDiff = Effect.fnUntraced(function* ({
  asJson,
  message,
  ...place
}: Command.Command.Config.Infer<typeof input>) {
  const { use } = yield* Fleet
  const client = yield* OpencodeClient
  const { instance, session_id } = yield* chosenPlace(place)
  const { change, view } = yield* use(instance, (target) =>
    Effect.gen(function* () {
      const of = { session_id, ...ifGiven("message_id", message) }
      const { change, page, session } = yield* readChanges(target, client.at(target), of)
      return { change, view: diffView(target, session, change, page) }
    }),
  ).pipe(Effect.mapError(failedWithToolError))
  if (asJson) return yield* Console.log(toJson(view))
  const patches = change.files.flatMap(({ patches }) => patches).map((patch) => patch.replace(/(?<!\n)$/u, "\n"))
  // A pipe gets the bytes of the files, or `git apply` would refuse the patch of a file with carriage returns.
  const colours = yield* style
  if (yield* isTerminal) yield* write(patches.map((patch) => colouredPatch(patch, colours)).join(""))
  else yield* write(patches.join(""))
  yield* Console.error(diffSummary(view, yield* errorStyle))
})

export const diff = Command.make("diff", input, showDiff).pipe(
  Command.withDescription(`Shows the files that a session has changed, in all its turns together or in one: a unified diff on stdout, a summary on stderr. opencode records changes only in git repositories.

Exit status: 0, also without changes; 1 if the session is unknown or the instance does not answer; 2 for a usage error.`),
  Command.withShortDescription("Show the files that a session has changed"),
  Command.withExamples([
    { command: "opencode-fleet diff my-project latest", description: "Show what the agent changed" },
    {
      command: "opencode-fleet diff build latest | git apply",
      description: "Apply the changes of an agent on another machine to your own copy",
    },
  ]),
  Command.provide(fleetLayer),
)
