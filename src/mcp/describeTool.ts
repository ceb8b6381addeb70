/** What `tools/list` says of a tool. */
import type { StandardSchemaWithJSON, ToolAnnotations } from "@modelcontextprotocol/server"
import { Context, Option, type Schema } from "effect"
import { Tool } from "effect/ai"
import { advertised, jsonSchema } from "./jsonSchema.ts"

export interface ToolDescription {
  readonly title?: string
  readonly description: string
  readonly inputSchema: StandardSchemaWithJSON
  readonly outputSchema?: StandardSchemaWithJSON
  readonly annotations: ToolAnnotations
  readonly _meta?: Record<string, unknown>
}

/** A raw JSON Schema is advertised as it is. In others unknown parameters are an error, which a client can tell beforehand. */
const inputSchema = (tool: Tool.Any) =>
  advertised(() =>
    Tool.isDynamic(tool) && tool.jsonSchema !== undefined
      ? tool.jsonSchema
      : jsonSchema(tool.parametersSchema, "error"),
  )

/** Whether results carry `structuredContent`: a schema of nothing, or of anything, would tell the client nothing. */
export const hasOutputSchema = ({ successSchema }: Tool.Any): boolean =>
  !["Void", "Undefined", "Unknown", "Any", "Never"].includes(successSchema.ast._tag)

/** Tools often share a success schema. Its JSON Schema is generated once for all of them. */
const outputSchemas = new WeakMap<Schema.Constraint, StandardSchemaWithJSON>()

/** Additional fields are allowed: clients reject results with fields that a closed schema does not name. */
const outputSchema = ({ successSchema }: Tool.Any): StandardSchemaWithJSON => {
  const schema = outputSchemas.get(successSchema) ?? advertised(() => jsonSchema(successSchema, "ignore"))
  outputSchemas.set(successSchema, schema)
  return schema
}

export const describeTool = (name: string, tool: Tool.Any): ToolDescription => ({
  ...Option.match(Context.getOption(tool.annotations, Tool.Title), {
    onNone: () => ({}),
    onSome: (title) => ({ title }),
  }),
  description: Tool.getDescription(tool) ?? name,
  inputSchema: inputSchema(tool),
  ...(hasOutputSchema(tool) ? { outputSchema: outputSchema(tool) } : {}),
  annotations: {
    readOnlyHint: Context.get(tool.annotations, Tool.Readonly),
    destructiveHint: Context.get(tool.annotations, Tool.Destructive),
    idempotentHint: Context.get(tool.annotations, Tool.Idempotent),
    openWorldHint: Context.get(tool.annotations, Tool.OpenWorld),
  },
  ...Option.match(Context.getOption(tool.annotations, Tool.Meta), {
    onNone: () => ({}),
    onSome: (_meta) => ({ _meta }),
  }),
})
