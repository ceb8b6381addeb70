/** `opencode-fleet sessions` */
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import type { SessionsView } from "../../tools/sessions/sessionSchemas.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { sessionTable } from "../terminal/sessionTable.ts"
import { style } from "../terminal/style.ts"
import { toJson, width } from "../terminal/terminal.ts"

export const instance = Argument.String("instance").pipe(
  Argument.withDescription("Name of the instance; ignoring case, or a unique part of it"),
)

const asJson = Flag.Boolean("json").pipe(
  Flag.withDescription("Print what the MCP tool list_sessions answers, as JSON"),
  Flag.withDefault(false),
)

const search = Flag.String("search").pipe(
  Flag.withDescription("Only those whose title or id holds this, ignoring case"),
  Flag.optional,
)

const limit = Flag.Int("limit").pipe(
  Flag.withAlias("n"),
  Flag.withDescription("How many to show, those of subagents not counted; 1 to 200 (default 20)"),
  Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))),
  Flag.withDefault(20),
)

/** What the table does not show. */
const rest = ({ matching, sessions, total }: SessionsView): string | undefined => {
  const shown = sessions.filter(({ parent_id }) => parent_id === undefined).length
  if (total === 0) return 'It has no session yet. "opencode-fleet send INSTANCE new MESSAGE" starts one.'
  if (matching === 0) return `None of its ${total} sessions matches the search.`
  return shown < matching ? `These are the ${shown} updated last of ${matching}; --limit shows more.` : undefined
}

export const sessions = Command.make(
  "sessions",
  { instance, asJson, search, limit },
  Effect.fnUntraced(function* ({ asJson, instance, limit, search }) {
    const { list_sessions } = yield* sessionHandlers
    const view = yield* Effect.mapError(
      list_sessions({ instance, limit, ...(Option.isSome(search) ? { search: search.value } : {}) }),
      failedWithToolError,
    )
    if (asJson) return yield* Console.log(toJson(view))
    const lines = sessionTable(view, yield* style, yield* width)
    if (lines.length > 0) yield* Console.log(lines.join("\n"))
    const note = rest(view)
    if (note !== undefined) yield* Console.error(note)
  }),
).pipe(
  Command.withDescription(`The sessions of an instance, updated last first, each with its full id; subagents stand indented below the session that they work for.

Exit status: 0; 1 if the instance is not known or does not answer.`),
  Command.withShortDescription("List the sessions of an instance"),
  Command.withExamples([
    { command: "opencode-fleet sessions my-project", description: "List the 20 sessions updated last" },
    { command: "opencode-fleet sessions my-project --search login --json", description: "Find one, for a program" },
  ]),
  Command.provide(fleetLayer),
)
