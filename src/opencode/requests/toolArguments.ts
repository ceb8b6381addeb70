/**
 * The arguments of the waiting tool call, for a permission that does not say what would be done: that of an MCP server's tool,
 * of a subagent, and most of opencode 2.
 */
import { Effect, Record, Schedule, Schema } from "effect"
import type { ClientError } from "../errors.ts"
import { isUnreadableAnswer } from "../transient.ts"
import type { ToolInput, ToolState } from "../sessions/Message.ts"
import type { TurnEvent } from "../events/TurnEvent.ts"
import { type PermissionRequest, subagentTools, type WaitingTool } from "./PendingRequest.ts"

/** Whether only the waiting tool call says what would be done. */
const needsArguments = ({ details = {}, permission }: PermissionRequest): boolean =>
  Object.keys(details).every((name) => name === "message") || (subagentTools.has(permission) && !("prompt" in details))

/** Any values by name, as text. */
export const detailsFrom = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === null
        ? []
        : [[name, typeof value === "string" ? value : JSON.stringify(value)] as const],
    ),
  )

/** What opencode itself says about the request comes before the arguments, of which the agent writes the description. */
export const withArguments = (request: PermissionRequest, input: ToolInput): PermissionRequest => {
  if (!needsArguments(request)) return request
  const { description, ...others } = detailsFrom(input)
  const given = "command" in others || description === undefined ? others : { description, ...others }
  return Record.isEmptyRecord(given) ? request : { ...request, details: { ...given, ...request.details } }
}

/** The state of the waiting tool call; undefined if there is none. */
export type ReadTool = (
  session: PermissionRequest["sessionID"],
  tool: Required<WaitingTool>,
) => Effect.Effect<ToolState | undefined, ClientError>

/** opencode asks before it has stored the arguments. */
class NotStoredYet extends Schema.TaggedError<NotStoredYet>()("NotStoredYet", {}) {}

const untilStored = Schedule.upTo(Schedule.spaced("100 millis"), { times: 5 })

/** The request with the arguments of its tool call. A call that cannot be read does not hide its request. */
export const completePermission =
  (read: ReadTool) =>
  (request: PermissionRequest): Effect.Effect<PermissionRequest, ClientError> => {
    const { sessionID, tool } = request
    const { callID, messageID } = tool ?? {}
    if (callID === undefined || messageID === undefined || !needsArguments(request)) return Effect.succeed(request)
    return read(sessionID, { callID, messageID }).pipe(
      Effect.filterOrFail(
        (state) => state?.status !== "pending",
        () => new NotStoredYet(),
      ),
      Effect.retry({ schedule: untilStored, while: ({ _tag }) => _tag === "NotStoredYet" }),
      Effect.map((state) => (state === undefined ? request : withArguments(request, state.input))),
      Effect.catchTags({
        NotStoredYet: () => Effect.succeed(request),
        SessionNotFound: () => Effect.succeed(request),
      }),
      Effect.catchIf(isUnreadableAnswer, () => Effect.succeed(request)),
    )
  }

/** An event stream does not wait longer for the arguments. */
const maxWait = "2 seconds"

/** {@link completePermission}, for an event. */
export const completeEvent =
  (read: ReadTool) =>
  (event: TurnEvent): Effect.Effect<TurnEvent> => {
    if (event._tag !== "RequestOpened" || event.pending.kind === "question") return Effect.succeed(event)
    return completePermission(read)(event.pending.request).pipe(
      Effect.timeout(maxWait),
      Effect.map((request): TurnEvent => ({ _tag: "RequestOpened", pending: { kind: "permission", request } })),
      Effect.orElseSucceed(() => event),
    )
  }
