/**
 * How long tests wait for something that has to happen. It usually takes a moment; the rest is for a machine that is busy, or
 * that stands still for a while. A test never asserts that something is fast, and must not depend on this value.
 */
import { Data, Effect } from "effect"

export const patience = "150 seconds"

/** Something that has to happen did not. On CI, this message is all there is to diagnose from. */
export class WaitedInVain extends Data.TaggedError("WaitedInVain")<{
  /** What was waited for. */
  readonly what: string
  /** What was seen instead. */
  readonly seen?: string | undefined
}> {
  override get message() {
    return `Waited ${patience} in vain for ${this.what}. ${this.seen ?? ""}`.trim()
  }
}

/** Fails if the effect takes too long, and says then what was waited for. */
export const within =
  (what: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.timeoutOrElse(effect, { duration: patience, orElse: () => Effect.fail(new WaitedInVain({ what })) })
