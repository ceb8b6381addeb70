/** The arguments of every tool as models and frameworks send them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Predicate, Record, Schema } from "effect"
import type { Tool } from "effect/ai"
import { parametersOf } from "../../src/mcp/describeTool.ts"
import { readArguments } from "../../src/mcp/arguments/readArguments.ts"
import type { SchemaNode } from "../../src/mcp/schema/SchemaNode.ts"
import { ControlTools } from "../../src/tools/control/ControlTools.ts"
import { FleetToolkit } from "../../src/tools/FleetToolkit.ts"

const tools: ReadonlyArray<Tool.Any> = Object.values({ ...FleetToolkit.tools, ...ControlTools.tools })

/** What the tool's handler receives. */
const received = (tool: Tool.Any, args: unknown) => {
  const decode = Schema.decodeUnknownEffect(tool.parametersSchema as Schema.Codec<unknown>, {
    errors: "all",
    onExcessProperty: "error",
  })
  return Effect.flatMap(readArguments(args, { tool: tool.name, parameters: parametersOf(tool)(), decode }), (args) =>
    Effect.orDie(decode(args)),
  )
}

/** A value that the parameter takes. */
const sample = ({ enum: choices, items = {}, properties = {}, type }: SchemaNode): unknown => {
  if (choices !== undefined) return choices[0]
  switch (type) {
    case "integer":
      return 7
    case "boolean":
      return true
    case "array":
      return [sample(items)]
    case "object":
      return Record.map(properties, sample)
    default:
      return "some text"
  }
}

const parametersIn = (tool: Tool.Any) => {
  const { properties = {}, required = [] } = parametersOf(tool)()
  return Object.entries(properties).map(([name, node]) => ({ name, node, isRequired: required.includes(name) }))
}

const requiredOf = (tool: Tool.Any) =>
  Object.fromEntries(
    parametersIn(tool).flatMap(({ isRequired, name, node }) => (isRequired ? [[name, sample(node)]] : [])),
  )

/** What the handler receives of the required parameters and this one. */
const withOne = (tool: Tool.Any, name: string, value: unknown) => received(tool, { ...requiredOf(tool), [name]: value })

const cases = tools.flatMap((tool) =>
  parametersIn(tool).map((parameter) => ({ tool, ...parameter, title: `${tool.name}.${parameter.name}` })),
)
const optional = cases.filter(({ isRequired }) => !isRequired)
const texts = cases.filter(({ isRequired, node }) => isRequired && node.type === "string" && node.enum === undefined)

/** The forms in which models send a value. */
const forms = (value: unknown, node: SchemaNode): ReadonlyArray<unknown> => {
  if (typeof value === "number" || typeof value === "boolean")
    return [String(value), ` ${String(value).toUpperCase()} `]
  if (Array.isArray(value)) return [JSON.stringify(value), ` ${JSON.stringify(value)} `, value[0]]
  return node.enum === undefined ? [] : [String(value).toUpperCase(), ` ${String(value)}\n`]
}

describe("Every tool", () => {
  it("is among the tested tools", () => {
    assert.isAtLeast(tools.length, 13)
    assert.isAtLeast(optional.length, 20)
  })

  it.effect.each(optional)("takes null and a blank text as absence of the optional $title", ({ name, tool }) =>
    Effect.gen(function* () {
      const required = requiredOf(tool)
      const without = yield* received(tool, required)
      for (const absent of [null, "", " \n"]) {
        assert.deepStrictEqual(yield* received(tool, { ...required, [name]: absent }), without)
      }
    }),
  )

  it.effect.each(cases)("takes $title in the forms in which models send it", ({ name, node, tool }) =>
    Effect.gen(function* () {
      const value = sample(node)
      const args = { ...requiredOf(tool), [name]: value }
      const expected = yield* received(tool, args)
      assert.deepStrictEqual(yield* received(tool, JSON.stringify(args)), expected)
      for (const form of forms(value, node)) {
        assert.deepStrictEqual(yield* received(tool, { ...args, [name]: form }), expected)
      }
    }),
  )

  it.effect.each(cases.filter(({ name, node }) => node.type === "integer" && name === "offset"))(
    "takes the closest possible $title",
    ({ name, tool }) =>
      Effect.gen(function* () {
        for (const [value, expected] of [
          [-5, 0],
          ["-1", 0],
          [2.7, 2],
          [1e99, 1e9],
        ] as const) {
          assert.propertyVal(yield* withOne(tool, name, value), name, expected)
        }
      }),
  )

  it.effect.each(cases.filter(({ name, node }) => node.type === "integer" && name !== "offset"))(
    "takes the closest possible $title",
    ({ name, node, tool }) =>
      Effect.gen(function* () {
        const [, maximum = ""] = /1 to (\d+)/u.exec(node.description ?? "") ?? []
        const limit = Effect.fnUntraced(function* (value: unknown) {
          const args = yield* withOne(tool, name, value)
          assert(Predicate.hasProperty(args, name))
          return args[name]
        })
        for (const [value, expected] of [
          [0, 1],
          [-5, 1],
          ["-1", 1],
          [2.7, 2],
          ["2.7", 2],
          [1e9, Number(maximum)],
          ["1e9", Number(maximum)],
          [Number(maximum), Number(maximum)],
        ] as const) {
          assert.strictEqual(yield* limit(value), expected)
        }
      }),
  )

  it.effect.each(texts)("takes $title as it is, and nothing but text", ({ name, tool }) =>
    Effect.gen(function* () {
      for (const text of ["5", "true", " null ", '["x"]', "{}"]) {
        assert.deepInclude(yield* withOne(tool, name, text), { [name]: text })
      }
      for (const wrong of [null, 5, true, ["text"], {}]) {
        const { result } = yield* Effect.flip(withOne(tool, name, wrong))
        assert.isTrue(result.isError)
        assert.include(JSON.stringify(result.content), `${name} is `)
      }
    }),
  )

  it.effect("refuses a blank message", () =>
    Effect.gen(function* () {
      for (const message of ["", " \n\t"]) {
        const { result } = yield* Effect.flip(
          received(FleetToolkit.tools.send_message, { session_id: "latest", message }),
        )
        assert.include(JSON.stringify(result.content), "message is empty (Expected a text that is not blank)")
      }
    }),
  )

  it.effect.each(tools.filter((tool) => parametersIn(tool).length > 0))(
    "$name refuses an unknown parameter and names the near one",
    (tool) =>
      Effect.gen(function* () {
        const [{ name } = { name: "" }] = parametersIn(tool)
        const { result } = yield* Effect.flip(received(tool, { ...requiredOf(tool), [`${name}s`]: "x" }))
        assert.include(JSON.stringify(result.content), `${name}s is not a parameter. Did you mean ${name}?`)
      }),
  )

  it.effect.each(tools.filter((tool) => parametersIn(tool).length === 0))("$name ignores a dummy parameter", (tool) =>
    Effect.gen(function* () {
      const none = yield* received(tool, {})
      assert.deepStrictEqual(yield* received(tool, { random_string: "" }), none)
      assert.deepStrictEqual(yield* received(tool, { _: null, dummy: { a: 1 } }), none)
    }),
  )
})
