/** What a client sees of the tools before it calls one. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Option, Schema } from "effect"
import { Tool } from "effect/ai"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"

const tools: ReadonlyArray<Tool.Any> = Object.values(FleetToolkit.tools)

const isObject = Schema.is(Schema.Record(Schema.String, Schema.Unknown))

/** The paths of all properties of a JSON Schema without a description. */
const undescribed = (schema: unknown, path: string): ReadonlyArray<string> => {
  if (Array.isArray(schema)) return schema.flatMap((item) => undescribed(item, path))
  if (!isObject(schema)) return []
  const { properties } = schema
  const own = isObject(properties)
    ? Object.entries(properties).filter(([, property]) => isObject(property) && property["description"] === undefined)
    : []
  return [
    ...own.map(([name]) => `${path}.${name}`).filter((field) => !inInstructions.test(field)),
    ...Object.entries(schema).flatMap(([key, value]) => undescribed(value, `${path}.${key}`)),
  ]
}

/** The server's instructions describe it once for all tools. */
const inInstructions = /^\w+\.instance$/u

const schemas = (tool: Tool.Any) => [
  Tool.getJsonSchemaFromSchema(tool.parametersSchema),
  Tool.getJsonSchemaFromSchema(tool.successSchema),
]

describe("The tools", () => {
  it("are these fifteen tools", () => {
    assert.sameMembers(Object.keys(FleetToolkit.tools), [
      "list_instances",
      "refresh_instances",
      "describe_instance",
      "list_sessions",
      "get_session",
      "create_session",
      "fork_session",
      "send_message",
      "wait_for_session",
      "wait_for_sessions",
      "respond_permission",
      "answer_question",
      "get_status",
      "abort_session",
      "get_diff",
    ])
  })

  it.each(tools.map((tool) => [tool.name, tool] as const))("%s has a title and describes every field", (name, tool) => {
    assert.isTrue(Option.isSome(Context.getOption(tool.annotations, Tool.Title)))
    assert.isNotEmpty(Tool.getDescription(tool))
    assert.deepStrictEqual(
      schemas(tool).flatMap((schema) => undescribed(schema, name)),
      [],
    )
  })

  it("are marked as destructive if they make an agent act or stop", () => {
    const destructive = tools.filter(({ annotations }) => Context.get(annotations, Tool.Destructive))
    assert.sameMembers(
      destructive.map(({ name }) => name),
      ["send_message", "respond_permission", "answer_question", "abort_session"],
    )
    for (const { annotations, name } of tools) {
      const changes = Context.get(annotations, Tool.Destructive) || ["create_session", "fork_session"].includes(name)
      assert.strictEqual(Context.get(annotations, Tool.Readonly), !changes, name)
    }
  })
})
