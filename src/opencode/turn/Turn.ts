/**
 * One turn as a pure value: what a prompt has led to so far, folded from events (`advance`) and from what opencode has
 * stored (`reconcile`). It depends on neither HTTP nor time; `turns/` drives it.
 */
export { advance, missed } from "./advance.ts"
export {
  answeredInstead,
  isFollowedByAnother,
  isUnfinished,
  isUnstarted,
  runningOutcome,
  unfinishedOutcome,
  outcome,
  type Outcome,
} from "./outcome.ts"
export { isAutoCompaction, reconcile, type StoredSession } from "./reconcile.ts"
export { begin, text, toolCalls, type Turn } from "./state.ts"
