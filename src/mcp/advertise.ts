/** How a schema of the Toolkit is shown to the SDK, and through it to the client. */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server"
import { Schema } from "effect"

/** JSON Schema, with what is used once written where it is used: a root that is a bare `$ref` confuses clients. */
const jsonSchema = (schema: Schema.Constraint, onExcessProperty: "error" | "ignore"): Record<string, unknown> => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema, {
    onExcessProperty,
    referencePolicy: ({ identifier, occurrences }) => (occurrences === 1 ? undefined : identifier),
  })
  return Object.keys(definitions).length === 0 ? { ...root } : { ...root, $defs: definitions }
}

/**
 * The SDK only shows the schema. The Toolkit decodes the arguments and encodes the result, each once. It is written when
 * a client first asks for the tools, for a client waits for the start.
 */
const shown = (write: () => Record<string, unknown>): StandardSchemaWithJSON => {
  let written: Record<string, unknown> | undefined
  const json = () => (written ??= write())
  return {
    "~standard": {
      version: 1,
      vendor: "effect",
      validate: (value) => ({ value }),
      jsonSchema: { input: json, output: json },
    },
  }
}

/** Arguments: a parameter that is not named here is a mistake, and the client may say so beforehand. */
export const input = (schema: Schema.Constraint): StandardSchemaWithJSON => shown(() => jsonSchema(schema, "error"))

/** Several tools answer in the same form, which is written once for all of them. */
const outputs = new WeakMap<Schema.Constraint, StandardSchemaWithJSON>()

/** Results: clients throw on fields that a closed schema does not name, and later versions will add some. */
export const output = (schema: Schema.Constraint): StandardSchemaWithJSON => {
  const known = outputs.get(schema) ?? shown(() => jsonSchema(schema, "ignore"))
  outputs.set(schema, known)
  return known
}

/** Forms: a schema may not say anything about fields that it does not name. */
export const form = (schema: Schema.Constraint): StandardSchemaWithJSON =>
  shown(() => {
    const { additionalProperties: _, ...json } = jsonSchema(schema, "ignore")
    return json
  })
