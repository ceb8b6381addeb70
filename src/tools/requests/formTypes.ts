/** A form for a pending request, and what reading its reply yields. */
import { Predicate, type Schema } from "effect"
import type { Decision } from "../../opencode/requests/PendingRequest.ts"
import { quote } from "../../text/plainText.ts"

/** What the person has filled in so far, by the names of the fields. */
export type Filled = Readonly<Record<string, ReadonlyArray<string>>>

export type Reading =
  | { readonly _tag: "Decided"; readonly decision: Decision; readonly ignored: ReadonlyArray<string> }
  /** Another form is needed. */
  | { readonly _tag: "Incomplete"; readonly filled: Filled; readonly ignored: ReadonlyArray<string> }
  /** The content decides nothing. */
  | { readonly _tag: "Unusable"; readonly reasons: ReadonlyArray<string> }

export interface DecisionForm {
  readonly schema: Schema.Constraint
  /** Reads the content of a reply, which a client may have filled with anything. */
  readonly read: (content: unknown) => Reading
  /** About how many rows the fields take in a terminal. */
  readonly rows: number
  /** The questions of this form, by index; for a permission, none. */
  readonly questions: ReadonlyArray<number>
  /** Whether the form asks for the person's own words, which an earlier form announced. */
  readonly asksForWords: boolean
}

export const unusable = (...reasons: ReadonlyArray<string>): Reading => ({ _tag: "Unusable", reasons })

/** The fields of a reply; none if it has no content or other content than fields. */
export const fieldsIn = (content: unknown): Readonly<Record<string, unknown>> =>
  Predicate.isObject(content) && !Array.isArray(content) ? { ...content } : {}

const maxNamed = 5

/** Says that the reply holds fields that the form does not have. */
export const unknownFields = (
  fields: Readonly<Record<string, unknown>>,
  known: ReadonlyArray<string>,
): ReadonlyArray<string> =>
  Object.keys(fields)
    .filter((name) => !known.includes(name))
    .slice(0, maxNamed)
    .map((name) => `the form has no field ${quote(name)}`)
