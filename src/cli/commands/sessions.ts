/** `opencode-fleet sessions`: lists the sessions of an instance. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { Fleet } from "../../fleet/Fleet.ts"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import type { SessionsView } from "../../tools/sessions/sessionSchemas.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { chosenInstance, instance } from "../arguments/instance.ts"
import { wholeNumber } from "../arguments/numbers.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { homePath } from "../terminal/homePath.ts"
import { sessionTable } from "../terminal/sessionTable.ts"
import { style } from "../terminal/style.ts"
import { toJson, width } from "../terminal/terminal.ts"

/** Counts that take longer are shown by the next call: most take milliseconds, those of long sessions megabytes. */
const countsWithin = "1 second"

const asJson = asJsonFlag("JSON in the shape of the MCP tool list_sessions")

const search = Flag.String("search").pipe(
  Flag.withDescription("Only sessions whose title or id contains this text (case-insensitive)"),
  Flag.optional,
)

const directory = Flag.String("directory").pipe(
  Flag.withAlias("d"),
  Flag.withDescription("Only sessions in this directory of the instance's machine, or below it"),
  Flag.optional,
)

const limit = wholeNumber("limit", { minimum: 1, maximum: 200 }).pipe(
  Flag.withAlias("n"),
  Flag.withDescription("Maximum number of sessions, not counting subagents: 1 to 200 (default 20)"),
  Flag.withDefault(20),
)

/** A note about the sessions that the table does not show. */
const noteFor = ({
  listed_at = [],
  matching_count: matching,
  session_count: total,
  sessions,
  unreadable,
}: SessionsView): string | undefined => {
  if (unreadable !== undefined) return unreadable
  if (listed_at.length > 0) {
    const others = listed_at.map(({ instance: other, session_count }) => `${other} ${session_count}`).join(", ")
    return `It shares its sessions with other instances, which list the rest: ${others}.`
  }
  const shown = sessions.filter(({ parent_session_id }) => parent_session_id === undefined).length
  if (total === 0) return "It has no session yet. `opencode-fleet send INSTANCE new MESSAGE` starts one."
  if (matching === 0) return `None of its ${total} sessions matches.`
  return shown < matching ? `Showing the ${shown} most recently updated of ${matching}; --limit shows more.` : undefined
}

export const sessions = Command.make(
  "sessions",
  { instance, asJson, search, directory, limit },
  Effect.fnUntraced(function* ({ asJson, directory, instance, limit, search }) {
    const { list_sessions } = yield* sessionHandlers({ countsWithin })
    const view = yield* Effect.mapError(
      list_sessions({
        instance: yield* chosenInstance(instance),
        limit,
        ...ifGiven("search", search),
        ...ifGiven("directory", directory),
      }),
      failedWithToolError,
    )
    if (asJson) return yield* Console.log(toJson(view))
    const host = (yield* (yield* Fleet).snapshot).instances.find(({ name }) => name === view.instance)?.host
    const path = yield* homePath
    const lines = sessionTable(view, yield* style, (each) => path(each, host), yield* width)
    if (lines.length > 0) yield* Console.log(lines.join("\n"))
    const note = noteFor(view)
    if (note !== undefined) yield* Console.error(note)
  }),
).pipe(
  Command.withDescription(`Lists the sessions of an instance with their full ids, most recently updated first. A subagent's session is indented below the session that started it.

Exit status: 0; 1 if the instance is unknown or does not answer; 2 for a usage error.`),
  Command.withShortDescription("List the sessions of an instance"),
  Command.withExamples([
    { command: "opencode-fleet sessions my-project", description: "List the 20 most recently updated sessions" },
    {
      command: "opencode-fleet sessions my-project --search login --json",
      description: "Search, and print JSON for a script",
    },
  ]),
  Command.provide(fleetLayer),
)
