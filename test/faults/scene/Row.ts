/** One row of the table: a fault, the call that meets it, what must be said, and what must still be true. */
import type { Effect, Scope } from "effect"
import type { SessionId } from "../../../src/opencode/Identifiers.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import type { Armed } from "./FaultyServer.ts"
import type { Operation } from "./operations.ts"

/** What a client gets: the text, and the structured content as JSON. */
export interface Result {
  readonly isError: boolean
  readonly text: string
  readonly structured: string
}

export interface Row {
  /** What happens, as a sentence without its end. It is unique. */
  readonly name: string
  /** The versions of opencode. Default: both. */
  readonly on?: 1 | 2
  /** What listens on the registered port. Default: a fake opencode with one session, called "The session". */
  readonly listener?: Effect.Effect<number, never, Scope.Scope>
  /** What happens to which requests. */
  readonly faults?: ReadonlyArray<{ readonly to: Operation } & Omit<Armed, "at">>
  /** What the fake holds before the call. */
  readonly prepare?: (fake: FakeState, session: SessionId) => void
  /** What happens as soon as a request that changes something has taken effect, and what the effect does from then on. */
  readonly onWrite?: (fake: FakeState, session: SessionId) => void | Effect.Effect<void>
  /** The tool and its parameters, without `instance` and `session_id`. */
  readonly call: readonly [tool: string, parameters?: Readonly<Record<string, unknown>>]
  /** Whether the answer is an error. Default: false. */
  readonly fails?: boolean
  /** Each must be in the text. */
  readonly says: ReadonlyArray<RegExp | string>
  /** None may be in the text or in the structured content. */
  readonly never?: ReadonlyArray<RegExp | string>
  /** What must still be true of the fake. It throws if it is not. */
  readonly afterwards?: (fake: FakeState, session: SessionId) => void
  /** How many requests that change something reach the fake. Default: 0. */
  readonly writes?: number
}
