/**
 * What happens on a server, as far as it concerns turns. Each version of opencode's API translates its own events into
 * these. Nothing is replayed after a broken connection, and an event can arrive after the state that it led to has been
 * read.
 */
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { Failure, MessageInfo, Part } from "../sessions/Message.ts"
import type { SessionStatus } from "../sessions/Session.ts"

export type TurnEvent =
  /** First event of each connection. */
  | { readonly _tag: "Connected" }
  /** The connection works; nothing has happened that concerns turns. */
  | { readonly _tag: "Heartbeat" }
  /** The server has dropped what it held in memory for a directory, so events may be missing: read what is stored. */
  | { readonly _tag: "StateDropped" }
  /** Something has happened in the session that this event does not tell: read what is stored. */
  | { readonly _tag: "SessionStale"; readonly sessionID: SessionId }
  /** A session works for the agent of another. It can be reported several times. */
  | { readonly _tag: "SubagentStarted"; readonly sessionID: SessionId; readonly parentID: SessionId }
  | { readonly _tag: "SessionDeleted"; readonly sessionID: SessionId }
  | { readonly _tag: "StatusChanged"; readonly sessionID: SessionId; readonly status: SessionStatus }
  /** What went wrong in a session. By itself it neither ends the turn nor is it always stored. */
  | {
      readonly _tag: "SessionFailed"
      readonly sessionID: SessionId
      readonly failure: Failure
      /** The prompts whose turn failed, if the server tells. A prompt that waits in a queue is not among them. */
      readonly prompts?: ReadonlyArray<MessageId>
    }
  /** A message is new or has changed; its parts are reported apart. */
  | { readonly _tag: "MessageChanged"; readonly info: MessageInfo }
  /** A part is new or has changed. The text of a part that is streaming may be shorter than what was streamed. */
  | { readonly _tag: "PartChanged"; readonly part: Part }
  /** More text of a text or reasoning part that is streaming. */
  | {
      readonly _tag: "TextDelta"
      readonly messageID: MessageId
      readonly partID: string
      readonly delta: string
    }
  | { readonly _tag: "RequestOpened"; readonly pending: PendingRequest }
  | { readonly _tag: "RequestSettled"; readonly sessionID: SessionId; readonly requestID: string }
