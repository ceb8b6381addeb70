/** `opencode-fleet/opencode`: one opencode: its sessions, messages, turns, pending requests and file changes. */
export type { AbortedTurn } from "../opencode/turns/abortTurn.ts"
export { abortTurn } from "../opencode/turns/abortTurn.ts"
export type { Activity as SessionActivity } from "../opencode/sessions/activity.ts"
export { pendingRequestsOf } from "../opencode/requests/pendingRequests.ts"
export { activities } from "../opencode/sessions/activity.ts"
export { openRequest, refusal, settle } from "../opencode/requests/decision.ts"
export * from "../opencode/errors.ts"
export * from "../opencode/requests/decisionErrors.ts"
export * from "../opencode/turns/sendErrors.ts"
export { isTransient, mayHaveArrived } from "../opencode/transient.ts"
export type { FileChange } from "../opencode/changes/FileChanges.ts"
export type { FileDiff } from "../opencode/changes/FileDiff.ts"
export * as HttpTransport from "../opencode/http/HttpTransport.ts"
export { freshMessageId, MessageId, PermissionId, QuestionId, SessionId } from "../opencode/Identifiers.ts"
export type { Notice, Notices } from "../opencode/events/InstanceEvents.ts"
export { InstanceEvents } from "../opencode/events/InstanceEvents.ts"
export type * from "../opencode/sessions/Message.ts"
export { MessageCounts } from "../opencode/sessions/MessageCounts.ts"
export type {
  CountedPage,
  Capabilities,
  Described,
  MessagePage,
  Opencode,
  Prompt,
  PromptChoice,
  QueuedPrompt,
  ServerHealth,
  ServerLocation,
  SessionOptions,
  SlashCommand,
  StartedCommand,
} from "../opencode/Opencode.ts"
export { OpencodeClient } from "../opencode/Opencode.ts"
export { opencodeLayer } from "../layers.ts"
export { requestedActs } from "../opencode/requests/requestedActs.ts"
export type { TurnEvent } from "../opencode/events/TurnEvent.ts"
export type {
  Decision,
  PendingRequest,
  PermissionReply,
  PermissionRequest,
  Question as PendingQuestion,
  QuestionRequest,
  WaitingTool,
} from "../opencode/requests/PendingRequest.ts"
export type {
  Elsewhere,
  Placed,
  Retry,
  Session,
  SessionStatus,
  Tokens as TokenCounts,
} from "../opencode/sessions/Session.ts"
export type { PermissionRule } from "../opencode/sessions/PermissionRule.ts"
export type { SessionDiff, Unrecorded as UnrecordedReason } from "../opencode/changes/sessionDiff.ts"
export { sessionDiff, turnDiff } from "../opencode/changes/sessionDiff.ts"
export { AmbiguousSession, resolveSession } from "../opencode/sessions/sessionReference.ts"
export type { Listener, ProcessId } from "../machine/ServerProcesses.ts"
export type { ApiVersion, Credentials, Target } from "../opencode/Target.ts"
export type { Lineage as TurnLineage } from "../opencode/turn/lineage.ts"
export * as Turn from "../opencode/turn/Turn.ts"
export type { DecideRequest, TurnReport } from "../opencode/turns/followTurn.ts"
export type { IfBusy } from "../opencode/turns/sessionQueue.ts"
export type { ObserveOptions, TurnObserver, TurnStage, TurnStages } from "../opencode/turns/observeTurn.ts"
export { makeTurnStages, observeTurn } from "../opencode/turns/observeTurn.ts"
export type { PromptOptions } from "../opencode/turns/PromptOptions.ts"
export type {
  FollowOptions,
  JoinOptions as FollowTurnOptions,
  SendOptions,
  TurnTimeout,
} from "../opencode/turns/Turns.ts"
export { Turns } from "../opencode/turns/Turns.ts"
