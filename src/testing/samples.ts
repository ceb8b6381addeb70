/** Sample sessions, messages, pending requests and events, with defaults for what a test does not care about. */
import { MessageId, PermissionId, QuestionId, SessionId } from "../opencode/Identifiers.ts"
import type {
  AssistantInfo,
  Failure,
  Message,
  Part,
  TextPart,
  ToolPart,
  ToolState,
} from "../opencode/sessions/Message.ts"
import type { WireEvent } from "../opencode/v1/wire/WireEvent.ts"
import type { PermissionRequest, QuestionRequest } from "../opencode/requests/PendingRequest.ts"
import type { Session, SessionStatus } from "../opencode/sessions/Session.ts"

export const ses = (name: string) => SessionId.make(`ses_${name}`)
export const msg = (name: string) => MessageId.make(`msg_${name}`)

/** The session of most tests. */
export const here = ses("main")

export const session = (name: string, given: Partial<Session> = {}): Session => ({
  id: ses(name),
  title: `Session ${name}`,
  directory: "/work/project",
  time: { created: 1000, updated: 2000 },
  ...given,
})

export const updatedAt = (updated: number) => ({ time: { created: 1, updated } })

export const user = (id: MessageId, text = "Do it", sessionID: SessionId = here): Message => ({
  info: { id, sessionID, role: "user", time: { created: 1000 } },
  parts: [{ type: "text", id: `prt_${id}`, messageID: id, text }],
})

export const assistant = (
  id: MessageId,
  parentID: MessageId,
  given: Partial<AssistantInfo> = {},
  sessionID: SessionId = here,
): AssistantInfo => ({ id, sessionID, role: "assistant", parentID, time: { created: 1100 }, ...given })

/** The fields of an assistant message that is complete. */
export const done = (finish = "stop"): Partial<AssistantInfo> => ({ finish, time: { created: 1100, completed: 1200 } })

export const failedWith = (error: Failure): Partial<AssistantInfo> => ({
  error,
  time: { created: 1100, completed: 1200 },
})

export const textPart = (messageID: MessageId, text: string, id = `prt_text_${messageID}`): TextPart => ({
  type: "text",
  id,
  messageID,
  text,
})

export const toolPart = (messageID: MessageId, state: ToolState, tool = "bash", id = `prt_${tool}_${messageID}`) =>
  ({ type: "tool", id, messageID, tool, callID: `call_${id}`, state }) satisfies ToolPart

export const completedTool = (output: string): ToolState => ({ status: "completed", input: { command: "ls" }, output })
export const failedTool = (error: string): ToolState => ({ status: "error", input: { command: "ls" }, error })

export const permission = (name: string, sessionID: SessionId = here): PermissionRequest => ({
  id: PermissionId.make(`per_${name}`),
  sessionID,
  permission: "bash",
  patterns: ["rm -rf build"],
})

export const question = (name: string, sessionID: SessionId = here): QuestionRequest => ({
  id: QuestionId.make(`que_${name}`),
  sessionID,
  questions: [{ question: "Which colour?", options: [{ label: "Red" }, { label: "Blue" }] }],
})

export const aborted: Failure = { kind: "aborted", message: "Aborted" }

export const event = {
  busy: (sessionID: SessionId = here): WireEvent => event.status({ type: "busy" }, sessionID),
  status: (status: SessionStatus, sessionID: SessionId = here): WireEvent => ({
    type: "session.status",
    properties: { sessionID, status },
  }),
  /** opencode reports an idle session with two events. */
  idle: (sessionID: SessionId = here): ReadonlyArray<WireEvent> => [
    event.status({ type: "idle" }, sessionID),
    { type: "session.idle", properties: { sessionID } },
  ],
  error: (error: Failure, sessionID: SessionId = here): WireEvent => ({
    type: "session.error",
    properties: { sessionID, error },
  }),
  created: (info: Session): WireEvent => ({ type: "session.created", properties: { info } }),
  updated: (info: Session): WireEvent => ({ type: "session.updated", properties: { info } }),
  message: (info: Message["info"]): WireEvent => ({ type: "message.updated", properties: { info } }),
  part: (part: Part): WireEvent => ({ type: "message.part.updated", properties: { part } }),
  delta: ({ id, messageID }: TextPart, delta: string): WireEvent => ({
    type: "message.part.delta",
    properties: { messageID, partID: id, field: "text", delta },
  }),
  asked: (request: PermissionRequest): WireEvent => ({ type: "permission.asked", properties: request }),
  replied: ({ id: requestID, sessionID }: PermissionRequest): WireEvent => ({
    type: "permission.replied",
    properties: { sessionID, requestID },
  }),
  questioned: (request: QuestionRequest): WireEvent => ({ type: "question.asked", properties: request }),
  answered: ({ id: requestID, sessionID }: QuestionRequest): WireEvent => ({
    type: "question.replied",
    properties: { sessionID, requestID },
  }),
  dismissed: ({ id: requestID, sessionID }: QuestionRequest): WireEvent => ({
    type: "question.rejected",
    properties: { sessionID, requestID },
  }),
}
