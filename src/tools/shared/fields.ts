/** Fields that several answers share. */
import { Schema } from "effect"

/** A field of an answer, described for the model. */
export const field = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description })

/** The instance that answered. */
export const InstanceName = field(Schema.String, "Instance name")

/** A non-negative integer. */
export const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
