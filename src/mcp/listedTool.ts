/** A tool as `tools/list` describes it: for the SDK, and as data that can be written at build time. */
import type { StandardSchemaWithJSON, ToolAnnotations } from "@modelcontextprotocol/server"

type Json = Readonly<Record<string, unknown>>

interface Described<InputSchema> {
  readonly name: string
  readonly title?: string
  readonly description: string
  readonly inputSchema: InputSchema
  readonly outputSchema?: InputSchema
  readonly annotations: ToolAnnotations
  readonly _meta?: Record<string, unknown>
}

export type ListedTool = Described<StandardSchemaWithJSON>

/** The same as JSON. */
export type ListedToolData = Described<Json>

/** Computes the value at its first use, because generating all schemas would delay the start. */
export const once = <A>(compute: () => A): (() => A) => {
  let computed: { readonly value: A } | undefined
  return () => (computed ??= { value: compute() }).value
}

/** A schema that the SDK advertises but does not validate, because the Toolkit decodes arguments and encodes results. */
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

const withSchemas = <A, B>({ inputSchema, outputSchema, ...tool }: Described<A>, convert: (schema: A) => B) => ({
  ...tool,
  inputSchema: convert(inputSchema),
  ...(outputSchema === undefined ? {} : { outputSchema: convert(outputSchema) }),
})

export const toData = (tool: ListedTool): ListedToolData =>
  withSchemas(tool, (schema) => schema["~standard"].jsonSchema.input({ target: "draft-2020-12" }))

export const fromData = (tool: ListedToolData): ListedTool => withSchemas(tool, (json) => advertised(() => json))
