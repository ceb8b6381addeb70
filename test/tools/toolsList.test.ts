/** `tools/list`, with every tool that settings can add: its size, and whether every client and model API takes it. */
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Tool } from "effect/ai"
import { describeTool, parametersOf } from "../../src/mcp/describeTool.ts"
import { toData } from "../../src/mcp/listedTool.ts"
import { ControlTools } from "../../src/tools/control/ControlTools.ts"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"
import { instructions } from "../../src/tools/instructions.ts"
import { unportable } from "../support/unportable.ts"

const tools: ReadonlyArray<Tool.Any> = Object.values({ ...FleetToolkit.tools, ...ControlTools.tools })

const listed = tools.map((tool) => {
  const { inputSchema, outputSchema, ...description } = toData(describeTool(tool.name, tool, parametersOf(tool)))
  return { tool, name: tool.name, description, inputSchema, outputSchema }
})

const sizeOf = (value: unknown) => JSON.stringify(value).length

describe("tools/list", () => {
  it("takes at most 20 KB, of which a model is shown at most 9 KB, and leaves room for further tools", () => {
    const all = listed.map(({ description, inputSchema, outputSchema }) => ({
      ...description,
      inputSchema,
      outputSchema,
    }))
    const shown = all.map(({ description, inputSchema, name, title }) => ({ name, title, description, inputSchema }))
    assert.isAtMost(sizeOf(all), 20_000)
    assert.isAtMost(sizeOf(shown), 9000)
    assert.isAtMost(instructions.length, 1200)
  })

  it.each(listed)("every model API takes $name", ({ description: { description, name }, inputSchema }) => {
    assert.deepStrictEqual(unportable(inputSchema), [])
    assert.match(name, /^[a-z][a-z0-9_]{0,63}$/u)
    // OpenAI takes at most 1024 characters.
    assert.isAtMost(description.length, 1024)
    assert.isNotEmpty(description)
  })
})

describe.each(listed)("The output schema of $name", ({ outputSchema, tool }) => {
  const success = tool.successSchema as Schema.Codec<unknown>
  const encode = Schema.encodeUnknownSync(success)

  it.prop(
    "accepts every answer, as the clients' SDKs check it",
    [success],
    ([answer]) => {
      assert(outputSchema !== undefined)
      assert.strictEqual(outputSchema["type"], "object")
      const validate = new AjvJsonSchemaValidator().getValidator(outputSchema)
      const { errorMessage } = validate(JSON.parse(JSON.stringify(encode(answer))))
      assert.isUndefined(errorMessage)
    },
    { arbitrary: { runs: 20 } },
  )

  it("rejects another type", () => {
    assert(outputSchema !== undefined)
    assert.isFalse(new AjvJsonSchemaValidator().getValidator(outputSchema)([]).valid)
  })
})
