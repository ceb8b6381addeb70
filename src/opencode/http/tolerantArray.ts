/**
 * Lists that tolerate undeclared items, because opencode adds fields, part types and event types every week. Structs drop
 * undeclared fields; a list decodes an item of an unknown kind as `Unrecognised`, so that it does not fail the whole list.
 */
import { Effect, Predicate, Schema, SchemaTransformation } from "effect"
import { type ItemKind, leaveOut } from "../Unreadable.ts"

/** Anything of an undeclared kind or shape. It encodes back to what it was. */
export const Unrecognised = Schema.Unknown.pipe(
  Schema.decodeTo(
    Schema.Struct({ type: Schema.Literal("unrecognised"), raw: Schema.Unknown }),
    SchemaTransformation.transform({
      decode: (raw) => ({ type: "unrecognised" as const, raw }),
      encode: (value) => value.raw,
    }),
  ),
)
export type Unrecognised = typeof Unrecognised.Type

/** Reads no more than the type: a message may have a hundred thousand parts. */
export const isUnrecognised = (item: unknown): item is Unrecognised =>
  Predicate.hasProperty(item, "type") && item.type === "unrecognised" && "raw" in item

/** Takes what a transformation returns for what its type says. `Schema.toType` would check all of a large value at once. */
export const typed = <A>() => Schema.declare((_value): _value is A => true)

/**
 * Decodes each item in a step of the fiber of its own. A fiber yields after 2048 steps, so a list of many megabytes does not
 * keep the rest of the process waiting, and a short list costs nothing.
 */
const inStep = <S extends Schema.Constraint>(item: S) =>
  Schema.decodeTo<Schema.declare<S["Type"]>, S>(
    typed<S["Type"]>(),
    SchemaTransformation.transformEffect<S["Type"], S["Type"]>({
      decode: (value) => Effect.suspend(() => Effect.succeed(value)),
      encode: Effect.succeed,
    }),
  )(item)

export const tolerantArray = <S extends Schema.Constraint>(item: S) =>
  Schema.Array(inStep(Schema.Union([item, Unrecognised])))

/**
 * The declared items of a {@link tolerantArray}. The others are counted: this is the only function that leaves items out, so
 * none is left out silently.
 */
export const understood =
  (kind: ItemKind) =>
  <A>(items: ReadonlyArray<A | Unrecognised>): Effect.Effect<ReadonlyArray<A>> => {
    const known = items.filter((item): item is A => !isUnrecognised(item))
    return Effect.as(leaveOut(kind, items.length - known.length), known)
  }
