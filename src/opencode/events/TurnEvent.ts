/**
 * The events of a server that concern turns, independent of opencode's version: each version translates its own events into
 * these. Nothing is replayed after a broken connection, and an event can arrive after the state that it led to was read.
 */
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { PendingRequest } from "../requests/PendingRequest.ts"
import type { Failure, MessageInfo, Part } from "../sessions/Message.ts"
import type { SessionStatus } from "../sessions/Session.ts"

export type TurnEvent =
  /** The first event of each connection. */
  | { readonly _tag: "Connected" }
  /** Shows that the connection works. Also stands for events that do not concern turns. */
  | { readonly _tag: "Heartbeat" }
  /** The server dropped its memory of a directory, so events may be missing. Read the stored state. */
  | { readonly _tag: "StateDropped" }
  /** Something happened in the session that this event does not describe. Read the stored state. */
  | { readonly _tag: "SessionStale"; readonly sessionID: SessionId }
  /** A session was started by the agent of another session. Can be reported several times. */
  | { readonly _tag: "SubagentStarted"; readonly sessionID: SessionId; readonly parentID: SessionId }
  | { readonly _tag: "SessionDeleted"; readonly sessionID: SessionId }
  | { readonly _tag: "StatusChanged"; readonly sessionID: SessionId; readonly status: SessionStatus }
  /** An error occurred in a session. It does not by itself end the turn, and is not always stored. */
  | {
      readonly _tag: "SessionFailed"
      readonly sessionID: SessionId
      readonly failure: Failure
      /** The prompts whose turn failed, if the server reports them. Queued prompts are not among them. */
      readonly prompts?: ReadonlyArray<MessageId>
    }
  /** A message is new or has changed; its parts are reported separately. */
  | { readonly _tag: "MessageChanged"; readonly info: MessageInfo }
  /** A part is new or has changed. The text of a streaming part may be shorter than what was streamed. */
  | { readonly _tag: "PartChanged"; readonly part: Part }
  /** More text of a streaming text or reasoning part. */
  | {
      readonly _tag: "TextDelta"
      readonly messageID: MessageId
      readonly partID: string
      readonly delta: string
    }
  | { readonly _tag: "RequestOpened"; readonly pending: PendingRequest }
  | { readonly _tag: "RequestSettled"; readonly sessionID: SessionId; readonly requestID: string }
