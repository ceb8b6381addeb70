/** The description of a tool in `tools/list`. */
import { Context, Option } from "effect"
import { Tool, type Toolkit } from "effect/ai"
import { jsonSchema } from "./jsonSchema.ts"
import { advertised, type ListedTool, once } from "./listedTool.ts"
import { inputSchema } from "./schema/inputSchema.ts"
import { outputSchema } from "./schema/outputSchema.ts"
import { type SchemaNode, schemaNode } from "./schema/SchemaNode.ts"

/** The tool's parameters, of which unknown ones are forbidden unless the tool declares a raw JSON Schema. */
export const parametersOf = (tool: Tool.Any): (() => SchemaNode) =>
  once(() =>
    schemaNode(
      Tool.isDynamic(tool) && tool.jsonSchema !== undefined
        ? { ...tool.jsonSchema }
        : jsonSchema(tool.parametersSchema, "error"),
    ),
  )

/** Whether results have `structuredContent`. An output schema that allows nothing or everything would be useless. */
export const hasOutputSchema = ({ successSchema }: Tool.Any): boolean =>
  !["Void", "Undefined", "Unknown", "Any", "Never"].includes(successSchema.ast._tag)

export const describeTool = (name: string, tool: Tool.Any, parameters: () => SchemaNode): ListedTool => ({
  name,
  ...Option.match(Context.getOption(tool.annotations, Tool.Title), {
    onNone: () => ({}),
    onSome: (title) => ({ title }),
  }),
  description: Tool.getDescription(tool) ?? name,
  inputSchema: advertised(() => inputSchema(parameters())),
  ...(hasOutputSchema(tool)
    ? { outputSchema: advertised(() => outputSchema(schemaNode(jsonSchema(tool.successSchema, "ignore")))) }
    : {}),
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

/** The descriptions of all tools, in the order of the Toolkit. Schemas are generated when they are first read. */
export const describeTools = (toolkit: Toolkit.Any): ReadonlyArray<ListedTool> =>
  Object.entries<Tool.Any>(toolkit.tools).map(([name, tool]) => describeTool(name, tool, parametersOf(tool)))
