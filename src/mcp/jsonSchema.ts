/** JSON Schemas for clients. */
import { Schema } from "effect"

type Json = Readonly<Record<string, unknown>>

/** A definition that is used once is inlined, because clients mishandle a root that is a bare `$ref`. */
export const jsonSchema = (schema: Schema.Constraint, onExcessProperty: "error" | "ignore"): Json => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema, {
    onExcessProperty,
    referencePolicy: ({ identifier, occurrences }) => (occurrences === 1 ? undefined : identifier),
  })
  return Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }
}
