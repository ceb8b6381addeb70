/**
 * One turn as a value: what a prompt has led to so far, built from opencode's events and from what it has stored.
 * Nothing here does anything, and nothing knows of HTTP or of time; `Turns.ts` feeds it.
 */
export { advance, missed } from "./advance.ts"
export { answeredInstead, givenUp, outcome, type Outcome } from "./outcome.ts"
export { isAutoCompaction, reconcile, type Stored } from "./reconcile.ts"
export { begin, text, toolCalls, type Turn } from "./state.ts"
