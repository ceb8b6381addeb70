/** Arguments as models and frameworks send them, and the errors about those that cannot be used. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Tool } from "effect/ai"
import { readArguments } from "../../../src/mcp/arguments/readArguments.ts"
import { jsonSchema } from "../../../src/mcp/jsonSchema.ts"
import { schemaNode } from "../../../src/mcp/schema/SchemaNode.ts"

const opt = Schema.optionalKey

const Parameters = Schema.Struct({
  session: Schema.String.check(Schema.isMinLength(1)).annotate({ description: "Its id" }),
  name: opt(Schema.String.check(Schema.isMaxLength(20))),
  count: opt(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 }))),
  ratio: opt(Schema.Finite),
  deep: opt(Schema.Boolean),
  mode: opt(Schema.Literals(["wait", "fail"])),
  level: opt(Schema.Literals([1, 2])),
  tags: opt(Schema.Array(Schema.String)),
  table: opt(Schema.Array(Schema.Array(Schema.String))),
  rows: opt(Schema.Array(Schema.Struct({ id: Schema.Int, note: opt(Schema.String) }))),
  place: opt(Schema.Struct({ line: Schema.Int, label: Schema.String })),
  either: opt(Schema.Union([Schema.Finite, Schema.Array(Schema.String)])),
  nullable: opt(Schema.NullOr(Schema.String)),
  sign: opt(Schema.Literals(["", "x"])),
  anything: opt(Schema.Unknown),
})

const read = (args: unknown, schema: Schema.Codec<unknown> = Parameters) =>
  readArguments(args, {
    tool: "sample",
    parameters: schemaNode(jsonSchema(schema, "error")),
    decode: Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" }),
  })

const errorOf = (args: unknown) =>
  Effect.map(Effect.flip(read(args)), ({ result: { content } }) =>
    content.map((block) => (block.type === "text" ? block.text : "")).join(""),
  )

describe("Arguments", () => {
  it.effect.each<readonly [object, object]>([
    [{ name: null, count: null, deep: null, tags: null, mode: null, place: null }, {}],
    [{ name: "", count: "", deep: " ", tags: "", mode: "\n", place: "" }, {}],
    [{ nullable: null }, { nullable: null }],
    [{ nullable: "" }, {}],
    [{ sign: "" }, { sign: "" }],
    [{ anything: "" }, { anything: "" }],
    [{ anything: null }, { anything: null }],
    [{ count: "5" }, { count: 5 }],
    [{ count: " 5.0 " }, { count: 5 }],
    [{ ratio: "-1.5e2" }, { ratio: -150 }],
    [{ deep: "true" }, { deep: true }],
    [{ deep: "False" }, { deep: false }],
    [{ level: "2" }, { level: 2 }],
    [{ mode: "Wait " }, { mode: "wait" }],
    [{ name: 42 }, { name: "42" }],
    [{ name: true }, { name: "true" }],
    [{ tags: "a" }, { tags: ["a"] }],
    [{ tags: '["a","b"]' }, { tags: ["a", "b"] }],
    [{ tags: [1, "b"] }, { tags: ["1", "b"] }],
    [{ table: "a" }, { table: [["a"]] }],
    [{ table: ["a", "b"] }, { table: [["a"], ["b"]] }],
    [{ table: '[["a","b"]]' }, { table: [["a", "b"]] }],
    [{ table: ['["a","b"]'] }, { table: [["a", "b"]] }],
    [{ rows: { id: "1", note: "" } }, { rows: [{ id: 1 }] }],
    [{ rows: '[{"id":"1","note":null}]' }, { rows: [{ id: 1 }] }],
    [{ place: '{"line":"3","label":"x"}' }, { place: { line: 3, label: "x" } }],
    [{ either: "7" }, { either: 7 }],
    [{ either: "a" }, { either: ["a"] }],
  ])("%j are read as %j", ([args, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({ ...args, session: "s" }), { ...expected, session: "s" })
    }),
  )

  it.effect.each([null, undefined, "", " ", "{}", {}, { random_string: "" }, { _: null }, { a: { b: [1] } }])(
    "%j are none for a tool without parameters",
    (args) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* read(args, Tool.EmptyParams), {})
      }),
  )

  it.effect("as one JSON text are read as an object", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read('{"session":"s","count":"5"}'), { session: "s", count: 5 })
    }),
  )

  it.effect("that are a required text stay as they are", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read({ session: "5" }), { session: "5" })
      assert.deepStrictEqual(yield* read({ session: ' {"a":1} ' }), { session: ' {"a":1} ' })
    }),
  )

  it.effect.each<readonly [unknown, string]>([
    [{}, "session is missing. It takes text (not empty). Description: Its id."],
    [{ session: null }, "session is null. It takes text (not empty). Description: Its id."],
    [{ session: 5 }, "session is 5. It takes text (not empty). Description: Its id."],
    [
      { session: "" },
      "session is empty (Expected a value with a length of at least 1). It takes text (not empty). Description: Its id.",
    ],
    [{ session: "s", sesion: "t" }, "sesion is not a parameter. Did you mean session?"],
    [{ session: "s", maxCount: 1 }, "maxCount is not a parameter. Did you mean count?"],
    [{ session: "s", colour: null }, "colour is not a parameter."],
    [{ session: "s", count: "many" }, 'count is "many". It takes a whole number (1 to 50).'],
    [{ session: "s", count: "0x10" }, 'count is "0x10". It takes a whole number (1 to 50).'],
    [{ session: "s", deep: "yes" }, 'deep is "yes". It takes true or false.'],
    [{ session: "s", deep: 1 }, "deep is 1. It takes true or false."],
    [{ session: "s", mode: "steer" }, 'mode is "steer". It takes "wait" or "fail".'],
    [{ session: "s", tags: "['a']" }, `tags is "['a']". It takes a list of text.`],
    [{ session: "s", tags: [["a"]] }, "tags[0] is a list. It takes text."],
    [{ session: "s", rows: [{ id: "x", nota: 1 }] }, 'rows[0].id is "x". It takes a whole number.'],
    [{ session: "s", rows: [{ id: 1, nota: 1 }] }, "rows[0].nota is not a parameter. Did you mean note?"],
    [{ session: "s", place: "here" }, 'place is "here". It takes an object.'],
    ["session", 'The arguments are "session". They must be an object.'],
    [JSON.parse('{"session":"s","__proto__":{"count":1}}'), "__proto__ is not a parameter."],
    [[1], "The arguments are a list. They must be an object."],
  ])("%j are refused: %s", ([args, text]) =>
    Effect.gen(function* () {
      const lines = (yield* errorOf(args)).split("\n")
      assert.strictEqual(lines[0], "sample did nothing, because its arguments cannot be used.")
      assert.include(lines, text)
      assert.include(lines.at(-1), "The parameters of sample are: session (required), name, count,")
    }),
  )

  it.effect("are never repeated at length in an error", () =>
    Effect.gen(function* () {
      // Longer property names all have one hash in V8, which makes this object take seconds to build.
      const secret = "x".repeat(16_000)
      const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${secret}${index}`, index]))
      assert.isBelow((yield* errorOf({ session: { secret }, mode: secret, ...many })).length, 5000)
    }),
  )
})
