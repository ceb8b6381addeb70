/** Fields that several answers share. */
import { Schema } from "effect"

/** A field of an answer, described for the model. */
export const field = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description })

/** The instance that answered. */
export const InstanceName = field(Schema.String, "Instance name")

/** When an answer was made. Text shows times relative to it. */
export const AsOf = field(Schema.String, "Time of this answer (ISO 8601)")

/** What the answer leaves out, and how to read it. */
export const Next = Schema.optionalKey(field(Schema.String, "What was left out, and how to read it"))

/** A non-negative integer. */
export const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
