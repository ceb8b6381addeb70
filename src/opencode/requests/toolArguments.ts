/**
 * The arguments of the waiting tool call, for a permission that does not say what would be done: that of an MCP server's tool,
 * of a subagent, of a command without its directory, and most of opencode 2.
 */
import { Array, Effect, Record, Schedule, Schema } from "effect"
import type { TurnEvent } from "../events/TurnEvent.ts"
import type { MessageId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { Part, ToolInput, ToolState } from "../sessions/Message.ts"
import type { PendingRequest, PermissionRequest } from "./PendingRequest.ts"
import { externalDirectory, shellTools, subagentTools } from "./requestedActs.ts"

/** Whether opencode itself told nothing of what would be done. */
const toldNothing = ({ details = {} }: PermissionRequest) => Object.keys(details).every((name) => name === "message")

/** Whether only the waiting tool call says what would be done, or in which directory. */
const needsArguments = (request: PermissionRequest): boolean => {
  const { details = {}, hasArguments = false, permission } = request
  return (
    !hasArguments &&
    (toldNothing(request) ||
      (subagentTools.has(permission) && !("prompt" in details)) ||
      ((shellTools.has(permission) || "command" in details) && !("workdir" in details)))
  )
}

/** Any values by name, as text. */
export const detailsFrom = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === null
        ? []
        : [[name, typeof value === "string" ? value : JSON.stringify(value)] as const],
    ),
  )

/** Whether the waiting tool runs a command line, whose description the agent writes. */
const isShell = ({ details = {}, permission }: PermissionRequest) =>
  shellTools.has(permission) || (permission === externalDirectory && "command" in details)

/** The arguments are what the tool receives, so nothing else replaces one, such as the `message` of opencode 2. */
export const withArguments = (request: PermissionRequest, input: ToolInput): PermissionRequest => {
  if (!needsArguments(request)) return request
  const { description, ...others } = detailsFrom(input)
  const given = description === undefined || isShell(request) ? others : { description, ...others }
  const own = Object.entries(request.details ?? {}).map(([name, value]) =>
    name in given && given[name] !== value ? [`opencode's ${name}`, value] : [name, value],
  )
  const details = { ...given, ...Object.fromEntries(own), ...given }
  return {
    ...request,
    hasArguments: true,
    ...(toldNothing(request) ? { onlyArguments: true } : {}),
    ...(Record.isEmptyRecord(details) ? {} : { details }),
  }
}

/** The tool calls of a message, by their ids. */
export type ToolCalls = ReadonlyMap<string, ToolState>

export const toolCallsOf = (parts: ReadonlyArray<Part>): ToolCalls =>
  new Map(parts.flatMap((part) => (part.type === "tool" ? [[part.callID, part.state] as const] : [])))

export type ReadToolCalls = Opencode["toolCalls"]

/** opencode asks before it has stored the arguments. */
class NotStoredYet extends Schema.TaggedError<NotStoredYet>()("NotStoredYet", {}) {}

const untilStored = Schedule.upTo(Schedule.spaced("100 millis"), { times: 5 })

/** Neither a list nor an event stream waits longer for the arguments. */
const maxWait = "1 second"

interface Waiting {
  readonly request: PermissionRequest
  readonly message: MessageId
  readonly call: string
}

const waitingFor = (pending: PendingRequest): ReadonlyArray<Waiting> => {
  if (pending.kind === "question") return []
  const { request } = pending
  const { callID, messageID } = request.tool ?? {}
  return callID === undefined || messageID === undefined || !needsArguments(request)
    ? []
    : [{ request, message: messageID, call: callID }]
}

const withCall = (pending: PendingRequest, known: ReadonlyMap<MessageId, ToolCalls>): PendingRequest => {
  const [waiting] = waitingFor(pending)
  const state = waiting && known.get(waiting.message)?.get(waiting.call)
  return waiting === undefined || state === undefined || state.status === "pending"
    ? pending
    : { kind: "permission", request: withArguments(waiting.request, state.input) }
}

/**
 * The requests with the arguments of their tool calls, as far as these can be read in time. One message can have a hundred
 * requests, so each message is read once; `known` are those that the caller has read just now.
 */
export const completeRequests = Effect.fnUntraced(function* (
  read: ReadToolCalls,
  requests: ReadonlyArray<PendingRequest>,
  known: ReadonlyMap<MessageId, ToolCalls> = new Map(),
) {
  const calls = new Map(known)
  const waiting = requests.flatMap(waitingFor)
  const isStored = ({ call, message }: Waiting) => calls.get(message)?.get(call)?.status !== "pending"
  const isKnown = (each: Waiting) => calls.has(each.message) && isStored(each)
  const sessions = new Map(
    waiting.flatMap((each) => (isKnown(each) ? [] : [[each.message, each.request.sessionID] as const])),
  )
  yield* Effect.forEach(
    sessions,
    ([message, session]) =>
      read(session, message).pipe(
        Effect.tap((found) => Effect.sync(() => calls.set(message, found))),
        Effect.filterOrFail(
          () => waiting.every((each) => each.message !== message || isStored(each)),
          () => new NotStoredYet(),
        ),
        Effect.retry({ schedule: untilStored, while: ({ _tag }) => _tag === "NotStoredYet" }),
        // What cannot be read must not hide the requests.
        Effect.ignore,
      ),
    { concurrency: 8, discard: true },
  ).pipe(Effect.timeoutOption(maxWait))
  return requests.map((pending) => withCall(pending, calls))
})

/** {@link completeRequests}, for the requests that these events open. Other events are passed on as they are. */
export const completeEvents = <const Events extends ReadonlyArray<TurnEvent>>(read: ReadToolCalls, events: Events) => {
  const opened = events.flatMap((event) => (event._tag === "RequestOpened" ? [event.pending] : []))
  if (opened.length === 0) return Effect.succeed(events)
  return Effect.map(completeRequests(read, opened), (completed) => {
    const byRequest = new Map(Array.zip(opened, completed))
    return Array.map(events, (event): TurnEvent =>
      event._tag === "RequestOpened" ? { ...event, pending: byRequest.get(event.pending) ?? event.pending } : event,
    )
  })
}
