/** Parameters that several tools share. */
import { Option, Schema, SchemaGetter } from "effect"

/**
 * An optional text. Models often send a blank one for a parameter that they leave out, so it counts as absent. The ids of
 * pending requests are no such text: a person's decision needs an exact one.
 */
export const optionalText = (text: Schema.Codec<string>) =>
  Schema.optionalKey(text).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.String), {
      decode: SchemaGetter.transformOptional(Option.filter((value: string) => value.trim() !== "")),
      encode: SchemaGetter.passthrough(),
    }),
  )

export const Instance = optionalText(
  Schema.String.annotate({
    description: "Name or unique part; optional if only one is online",
  }),
)

export const SessionReference = Schema.String.annotate({
  description: 'Id, unique prefix of it or part of the title, or "latest"',
})

/** How many items of a list, or characters of a text, to skip. */
export const offset = (description: string) =>
  Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 })).annotate({ description }),
  )

/** A whole number from 1 to `maximum`. */
export const limit = (maximum: number, description: string) =>
  Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum })).annotate({ description }))
