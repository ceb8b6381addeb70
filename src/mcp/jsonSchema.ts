/** JSON Schemas for the SDK, and through it for the client. */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server"
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

/** Computes the value at its first use, because generating all schemas would delay the start. */
export const once = <A>(compute: () => A): (() => A) => {
  let computed: { readonly value: A } | undefined
  return () => (computed ??= { value: compute() }).value
}

/**
 * A schema that the SDK advertises but does not validate, because the Toolkit decodes arguments and encodes results. */
export const advertised = (generate: () => Json): StandardSchemaWithJSON => {
  const json = once(() => ({ ...generate() }))
  return {
    "~standard": {
      version: 1,
      vendor: "effect",
      validate: (value) => ({ value }),
      jsonSchema: { input: json, output: json },
    },
  }
}
