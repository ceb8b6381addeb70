/** Input schemas of any Toolkit in the form that the tool APIs of the big model providers take. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Tool } from "effect/ai"
import { parametersOf } from "../../../src/mcp/describeTool.ts"
import { inputSchema } from "../../../src/mcp/schema/inputSchema.ts"
import { unportable } from "../../support/unportable.ts"

const opt = Schema.optionalKey

const advertisedOf = (tool: Tool.Any) => inputSchema(parametersOf(tool)())

const of = (parameters: Schema.Top) => advertisedOf(Tool.make("sample", { parameters }))

const raw = (parameters: object) => advertisedOf(Tool.dynamic("sample", { parameters: { ...parameters } }))

interface Folder {
  readonly name: string
  readonly folders: ReadonlyArray<Folder>
}

const Folder = Schema.Struct({
  name: Schema.String,
  folders: Schema.Array(Schema.suspend((): Schema.Codec<Folder> => Folder)),
}).annotate({ identifier: "Folder" })

const Point = Schema.Struct({ x: Schema.Int, y: Schema.Int }).annotate({ identifier: "Point" })

const text = { type: "string" }

const cases: ReadonlyArray<readonly [string, object, object]> = [
  [
    "no parameters",
    advertisedOf(Tool.make("sample", {})),
    { type: "object", properties: {}, additionalProperties: false },
  ],
  ["an empty schema", raw({}), { type: "object", properties: {} }],
  [
    "constraints",
    of(
      Schema.Struct({
        count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })).annotate({ description: "How many" }),
        name: Schema.String.check(Schema.isMaxLength(9), Schema.isPattern(/^a/u)),
        tags: opt(Schema.NonEmptyArray(Schema.String)),
      }),
    ),
    {
      type: "object",
      properties: {
        count: { type: "integer", description: "How many (1 to 50)" },
        name: { type: "string", description: "at most 9 characters, matching ^a" },
        tags: { type: "array", items: text, description: "not empty" },
      },
      required: ["count", "name"],
      additionalProperties: false,
    },
  ],
  [
    "an optional null",
    of(Schema.Struct({ a: Schema.optional(Schema.String), b: opt(Schema.NullOr(Schema.Boolean)) })),
    { type: "object", properties: { a: text, b: { type: "boolean" } }, additionalProperties: false },
  ],
  [
    "a required null",
    of(Schema.Struct({ a: Schema.NullOr(Schema.String) })),
    {
      type: "object",
      properties: { a: { anyOf: [text, { type: "null" }] } },
      required: ["a"],
      additionalProperties: false,
    },
  ],
  [
    "choices",
    of(
      Schema.Struct({
        a: Schema.Literals(["x", "y"]),
        b: opt(Schema.Literals([1, 2])),
        c: opt(Schema.Literals(["", "z"])),
      }),
    ),
    {
      type: "object",
      properties: {
        a: { type: "string", enum: ["x", "y"] },
        b: { type: "number", description: "one of 1, 2" },
        c: { type: "string", description: 'one of "", "z"' },
      },
      required: ["a"],
      additionalProperties: false,
    },
  ],
  [
    "a value or a list of it",
    of(Schema.Struct({ a: Schema.Union([Schema.String, Schema.Array(Schema.String)]) })),
    { type: "object", properties: { a: { type: "array", items: text } }, required: ["a"], additionalProperties: false },
  ],
  [
    "tuples and records",
    of(
      Schema.Struct({
        pair: Schema.Tuple([Schema.String, Schema.String]),
        map: Schema.Record(Schema.String, Schema.Int),
      }),
    ),
    {
      type: "object",
      properties: {
        pair: { type: "array", items: text, description: "2 items" },
        map: { type: "object", properties: {} },
      },
      required: ["pair", "map"],
      additionalProperties: false,
    },
  ],
  [
    "a union at the root",
    of(
      Schema.Union([
        Schema.Struct({ kind: Schema.Literal("a"), id: Schema.String, x: Schema.Int }),
        Schema.Struct({ kind: Schema.Literal("b"), id: Schema.String, y: Schema.Boolean }),
      ]),
    ),
    {
      type: "object",
      properties: {
        kind: { type: "string", enum: ["a", "b"] },
        id: text,
        x: { type: "integer" },
        y: { type: "boolean" },
      },
      required: ["kind", "id"],
      additionalProperties: false,
    },
  ],
  [
    "a raw schema with everything that is refused somewhere",
    raw({
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      title: "Sample",
      properties: {
        when: { type: "string", format: "date-time", default: "now", examples: ["now"] },
        both: { type: ["string", "null"], description: "Or not" },
        any: { type: ["string", "integer"] },
        fixed: { const: "x" },
        list: { type: "array" },
        either: {
          oneOf: [
            { const: "a", title: "A" },
            { const: "b", title: "B" },
          ],
        },
        map: { type: "object", additionalProperties: { type: "string" }, patternProperties: { "^a": {} } },
        all: { allOf: [{ type: "string" }, { minLength: 2 }, { not: { const: "no" } }] },
        point: { $ref: "#/definitions/Point" },
      },
      required: ["when", "missing"],
      allOf: [{ if: { required: ["when"] }, else: { required: ["list"] } }],
      anyOf: [{ required: ["when", "list"] }, { required: ["any", "list"] }],
      not: { required: ["map"] },
      definitions: { Point: { type: "object", properties: { x: { type: "number" } } } },
    }),
    {
      type: "object",
      properties: {
        when: { type: "string", description: "format date-time, default now" },
        both: { type: "string", description: "Or not" },
        any: { anyOf: [text, { type: "integer" }] },
        fixed: { type: "string", enum: ["x"] },
        list: { type: "array", items: {} },
        either: { type: "string", enum: ["a", "b"] },
        map: { type: "object", properties: {} },
        all: { type: "string", description: "at least 2 characters" },
        point: { type: "object", properties: { x: { type: "number" } } },
      },
      required: ["when", "list"],
    },
  ],
]

describe("An input schema", () => {
  it.each(cases)("with %s keeps what all APIs take", (_, schema, expected) => {
    assert.deepStrictEqual(schema, expected)
    assert.deepStrictEqual(unportable(schema), [])
  })

  it("has no references, also where a definition is used twice or within itself", () => {
    const schema = of(Schema.Struct({ from: Point, to: Point, root: Folder }))
    assert.deepStrictEqual(unportable(schema), [])
    assert.deepNestedInclude(schema, { "properties.to.properties.x": { type: "integer" } })
    assert.deepNestedInclude(schema, { "properties.root.properties.folders": { type: "array", items: {} } })
  })
})
