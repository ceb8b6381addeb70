/** Parameters that several tools have. */
import { Schema } from "effect"

export const Instance = Schema.optionalKey(
  Schema.String.annotate({
    description:
      "Name of the instance as list_instances shows it; ignoring case, or a unique part of it. May be left out when exactly one is online.",
  }),
)

export const SessionReference = Schema.String.annotate({
  description:
    'The session: its full id, a unique beginning of the id, a unique part of the title, or "latest" for the one updated last.',
})

/** A whole number from 1 to `maximum`. */
export const limit = (maximum: number, description: string) =>
  Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum })).annotate({ description }))

/** A field of an answer. */
export const field = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description })

/** The instance that has answered. */
export const answered = field(Schema.String, "Name of the instance")

/** A number of things. */
export const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
