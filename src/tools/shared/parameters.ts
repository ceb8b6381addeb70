/** Parameters that several tools share. */
import { Option, Schema, SchemaGetter } from "effect"

/** An optional text. Models often send a blank one for a parameter that they leave out, so it counts as absent, also outside MCP. */
export const optionalText = (text: Schema.Codec<string>) =>
  Schema.optionalKey(text).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.String), {
      decode: SchemaGetter.transformOptional(Option.filter((value: string) => value.trim() !== "")),
      encode: SchemaGetter.passthrough(),
    }),
  )

/** Without a description, which every tool would repeat: the server's instructions have it. */
export const Instance = optionalText(Schema.String)

/** A text with more than white space. */
export const NonBlank = Schema.String.check(
  Schema.makeFilter((text: string) => text.trim() !== "", {
    expected: "a text that is not blank",
    toJsonSchema: () => ({ minLength: 1 }),
  }),
)

export const SessionReference = Schema.String.annotate({
  description: "Id, part of the title or latest",
})

const WholeNumber = Schema.Finite.check(Schema.makeFilter(() => true, { toJsonSchema: () => ({ type: "integer" }) }))

/** A whole number from 1 to `maximum`. Another number means the closest of them, because models often ask for "all". */
export const limit = (maximum: number, fallback: number, description = "") =>
  Schema.optionalKey(
    WholeNumber.annotate({
      description: `${description === "" ? "" : `${description}. `}1 to ${maximum}, default ${fallback}`,
    }).pipe(
      Schema.decodeTo(Schema.Int, {
        decode: SchemaGetter.transform((given: number) => Math.min(Math.max(Math.trunc(given), 1), maximum)),
        encode: SchemaGetter.passthrough(),
      }),
    ),
  )

/** How many items of a list, or characters of a text, to skip. */
export const offsetOf = (description: string) =>
  Schema.optionalKey(
    WholeNumber.annotate({ description }).pipe(
      Schema.decodeTo(Schema.Int, {
        decode: SchemaGetter.transform((given: number) => Math.min(Math.max(Math.trunc(given), 0), 1_000_000_000)),
        encode: SchemaGetter.passthrough(),
      }),
    ),
  )

export const offset = offsetOf("How many to skip")
