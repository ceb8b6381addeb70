/**
 * Lists that tolerate what is not declared here: opencode adds fields, part types and event types every week. Structs
 * drop fields that they do not name; a list keeps the items of an unknown kind apart, so that one of them does not cost
 * the whole list.
 */
import { Schema, SchemaTransformation } from "effect"

const Raw = Schema.Record(Schema.String, Schema.Unknown)

/** An object of a kind that is not declared here. It encodes back to what it was. */
export const Unrecognised = Raw.pipe(
  Schema.decodeTo(
    Schema.Struct({ type: Schema.Literal("unrecognised"), raw: Raw }),
    SchemaTransformation.transform({
      decode: (raw) => ({ type: "unrecognised" as const, raw }),
      encode: (value) => value.raw,
    }),
  ),
)
export type Unrecognised = typeof Unrecognised.Type

const isUnrecognised = Schema.is(Schema.toType(Unrecognised))

export const tolerantArray = <S extends Schema.Constraint>(item: S) => Schema.Array(Schema.Union([item, Unrecognised]))

/** The items of a {@link tolerantArray} that were understood. */
export const recognised = <A>(items: ReadonlyArray<A | Unrecognised>): ReadonlyArray<A> =>
  items.filter((item): item is A => !isUnrecognised(item))
