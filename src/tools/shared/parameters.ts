/** Parameters that several tools share. */
import { Schema } from "effect"

export const Instance = Schema.optionalKey(
  Schema.String.annotate({
    description: "Instance name or a unique part. Optional if exactly one is online",
  }),
)

export const SessionReference = Schema.String.annotate({
  description: 'Session id, unique prefix of it, unique part of the title, or "latest"',
})

/** A whole number from 1 to `maximum`. */
export const limit = (maximum: number, description: string) =>
  Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum })).annotate({ description }))
