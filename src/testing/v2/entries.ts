/**
 * The messages of a fake as the entries of opencode 2. Those have no parents: an answer belongs to the prompt before it, and
 * an idle marker after a turn shows how it ended.
 */
import { metadataOf } from "../../opencode/http/toolReport.ts"
import type { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type { Unrecognised } from "../../opencode/http/tolerantArray.ts"
import { MessageId as MessageIdSchema } from "../../opencode/Identifiers.ts"
import type { AssistantInfo, Failure, Message, Part, ToolState, UserInfo } from "../../opencode/sessions/Message.ts"
import type {
  WireAssistant,
  WireContent,
  WireEntry,
  WireError,
  WireIdle,
  WireToolState,
  WireUser,
} from "../../opencode/v2/wire/WireMessage.ts"
import { splitModel } from "../../opencode/v2/wire/WireModel.ts"
import type { FakeState } from "../FakeState.ts"

export const errorOf = ({ kind, message, status }: Failure): WireError => ({
  type: kind === "aborted" ? "aborted" : "provider.unknown",
  message,
  ...(status === undefined ? {} : { status }),
})

/** The model of an answer that names none. */
export const defaultModel = "scripted/small"

export const toolError = (message: string): WireError => ({ type: "tool.execution", message })

const toolStateOf = (state: ToolState): WireToolState => {
  switch (state.status) {
    case "pending":
      return { status: "streaming" }
    case "running":
      return { status: "running", input: state.input }
    case "completed":
      return {
        status: "completed",
        input: state.input,
        content: [{ type: "text", text: state.output }],
        ...(state.report === undefined ? {} : { metadata: metadataOf(state.report) }),
      }
    case "error":
      return { status: "error", input: state.input, error: toolError(state.error) }
  }
}

const timeOf = (state: ToolState) => {
  if (state.status === "pending" || state.time === undefined) return {}
  const { end, start } = state.time
  return { time: { created: start, ran: start, ...(end === undefined ? {} : { completed: end }) } }
}

const contentOf = (part: Part): ReadonlyArray<WireContent> => {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [{ type: part.type, text: part.text }]
    case "tool":
      return [{ type: "tool", id: part.callID, name: part.tool, state: toolStateOf(part.state), ...timeOf(part.state) }]
    default:
      return []
  }
}

const answerOf = (info: AssistantInfo, parts: ReadonlyArray<Part>): WireAssistant => {
  const { agent = "build", cost, error, finish, id, model = defaultModel, time, tokens } = info
  const files = parts.flatMap((part) => (part.type === "patch" ? part.files : []))
  return {
    type: "assistant",
    id,
    time,
    agent,
    model: splitModel(model),
    content: parts.flatMap(contentOf),
    ...(parts.some((part) => part.type === "step" && part.snapshot) || files.length > 0
      ? { snapshot: { start: "before", files } }
      : {}),
    ...(error === undefined ? {} : { error: errorOf(error) }),
    ...(error !== undefined ? { finish: "error" } : finish === undefined ? {} : { finish }),
    ...(cost === undefined ? {} : { cost }),
    ...(tokens === undefined ? {} : { tokens }),
  }
}

const promptOf = (fake: FakeState, { id, time }: UserInfo, parts: ReadonlyArray<Part>): WireUser => {
  const metadata = fake.metadata.get(id)
  const files = parts.flatMap((part) =>
    part.type === "file" ? [{ mime: part.mime, ...(part.filename === undefined ? {} : { name: part.filename }) }] : [],
  )
  return {
    type: "user",
    id,
    time,
    text: parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""),
    ...(metadata === undefined ? {} : { metadata }),
    ...(files.length === 0 ? {} : { files }),
  }
}

/** An entry that is neither a prompt nor an answer. */
const other = (type: string, id: MessageId): Unrecognised => ({ type: "unrecognised", raw: { type, id } })

const entryOf = (fake: FakeState, { info, parts }: Message): WireEntry | Unrecognised => {
  if (info.role === "assistant") return info.summary === true ? other("compaction", info.id) : answerOf(info, parts)
  if (parts.some((part) => part.type === "compaction")) return other("compaction", info.id)
  if (parts.some((part) => part.type === "text" && part.synthetic === true)) return other("synthetic", info.id)
  return promptOf(fake, info, parts)
}

const outcomeOf = ({ error }: AssistantInfo) => {
  if (error === undefined) return "succeeded"
  return error.kind === "aborted" ? "interrupted" : "failed"
}

/** The marker after a turn that has ended. A killed server leaves none after an unfinished answer. */
const idleAfter = ({ info }: Message): ReadonlyArray<WireIdle> =>
  info.role === "assistant" && info.time.completed !== undefined && info.summary !== true
    ? [
        {
          type: "idle",
          id: MessageIdSchema.make(`${info.id}_idle`.slice(0, 120)),
          time: { created: info.time.completed },
          outcome: outcomeOf(info),
        },
      ]
    : []

/** All entries of a session, oldest first. */
export const entriesOf = (fake: FakeState, session: SessionId): ReadonlyArray<WireEntry | Unrecognised> => {
  const messages = fake.messages.get(session) ?? []
  return messages.flatMap((message, index) => {
    const next = messages[index + 1]
    const ended = next === undefined ? !fake.statuses.has(session) : next.info.role === "user" && hasFinished(message)
    return [entryOf(fake, message), ...(ended ? idleAfter(message) : [])]
  })
}

/** A step that called tools is followed by another one, unless the turn was stopped. */
const hasFinished = ({ info }: Message) =>
  info.role === "assistant" && (info.finish !== "tool-calls" || info.error !== undefined)
