import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { parseInSlices, type SliceOptions } from "../../src/text/jsonSlices.ts"

const parse = (json: string | Buffer, options?: SliceOptions) => {
  const steps = parseInSlices(typeof json === "string" ? Buffer.from(json) : json, options)
  for (let count = 1; ; count++) {
    const { done = false, value } = steps.next()
    if (done) return { value, count }
  }
}

const outcome = (read: () => unknown) => Result.getOrElse(Result.try(read), () => "an error")

const sizes = [1, 2, 3, 7, 20, 100]

/** Whatever the size of a slice, it reads what `JSON.parse` reads. */
const agrees = (json: string) => {
  for (const sliceBytes of sizes) {
    const found = outcome(() => parse(json, { sliceBytes }).value)
    assert.deepStrictEqual(
      found,
      outcome(() => JSON.parse(json)),
      `slices of ${sliceBytes}`,
    )
  }
}

const valid = [
  "[]",
  "{}",
  " [ ] ",
  "\uFEFF[1]".slice(1),
  '"text"',
  "-12.5e3",
  "null",
  '[1, 2 ,3,"four",[5],{"six":6},true,false,null]',
  '{"a":{"b":{"c":[[[[["deep"]]]]]}},"d":[{},{},[]]}',
  '{"a":1,"b":2,"a":3}',
  '{"__proto__":{"polluted":true},"constructor":1,"toString":2}',
  String.raw`["\"]}\\","\\\\\"","\u00e9\ud83d\ude00\ud83d","\/\b\f\n\r\t"]`,
  '["é","語","😀","\u{10FFFF}","é語😀é語😀é語😀"]',
  '{"k\\"e]y":"v,a}l","":""}',
  `  {  "a"  :  [  1  ,  2  ]  ,  "b"  :  "c"  }  `,
  `[${" ".repeat(300)}1${" ".repeat(300)},2]`,
  `${"[".repeat(50)}1${"]".repeat(50)}`,
]

const invalid = [
  "",
  " ",
  "[",
  "[1",
  "[1,",
  "[1,]",
  "[,1]",
  "[1,,2]",
  "[1 2]",
  "[1}",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  "{,}",
]
  .concat([
    '{"a":1]',
    "{a:1}",
    "{1:1}",
    '"',
    '"\\',
    '"\\u00"',
    '["a\nb"]',
    "[1]]",
    "[1],",
    "[1] 2",
    "nul",
    "[01]",
    "[--1]",
  ])
  .concat(['{"a" 1}', '{"a":1 "b":2}', "[undefined]", '["a"', "]", "}", ",", ":", '{"a":{"b":[1,{"c":}]}}'])

describe("JSON in slices", () => {
  it.each(valid)("reads %s as JSON.parse does", (json) => {
    assert.doesNotThrow(() => JSON.parse(json))
    agrees(json)
  })

  it.each(invalid)("refuses %j as JSON.parse does", (json) => {
    assert.throws(() => JSON.parse(json))
    agrees(json)
  })

  it.prop("reads any JSON as JSON.parse does", [Schema.fromJsonString(Schema.Json)], ([json]) =>
    agrees(JSON.stringify(json)),
  )

  it("reads invalid UTF-8 as replacement characters", () => {
    const { value } = parse(Buffer.from([0x5b, 0x22, 0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x22, 0x5d]), {
      sliceBytes: 2,
    })
    assert.match(String(value), /^\uFFFD+$/u)
  })

  it("ignores a byte order mark", () => {
    assert.deepStrictEqual(parse("\uFEFF[1]").value, [1])
  })

  it("a field named __proto__ is a field, and no prototype", () => {
    const { value } = parse('{"__proto__":{"isAdmin":true},"name":"x"}', { sliceBytes: 4 })
    assert.isFalse("isAdmin" in (value as object))
    assert.deepStrictEqual(Object.keys(value as object), ["__proto__", "name"])
  })

  it("divides a large list, a large object, and a large item of one", () => {
    const items = Array.from({ length: 10_000 }, (_, id) => ({ id, text: "Hello" }))
    for (const json of [items, Object.fromEntries(items.entries()), [{ info: {}, parts: items }]]) {
      const { count, value } = parse(JSON.stringify(json))
      assert.deepStrictEqual(value, json)
      assert.isAbove(count, 4)
    }
  })

  it("shortens a long string, and says how much is missing", () => {
    const long = "é".repeat(1_000_000)
    const { value } = parse(JSON.stringify({ url: long, mime: "text/plain" }))
    const { mime, url } = value as { readonly mime: string; readonly url: string }
    assert.strictEqual(mime, "text/plain")
    assert.match(url, /^é+… \[951,424 more bytes, which are not read\]$/u)
    assert.isBelow(url.length, 600_000)
  })

  it("refuses what is nested too deeply to be divided", () => {
    const json = "[".repeat(200_000)
    assert.throws(() => parse(json), SyntaxError)
  })
})
