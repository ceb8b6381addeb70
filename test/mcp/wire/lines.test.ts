import { assert, describe, it } from "@effect/vitest"
import { makeLines } from "../../../src/mcp/wire/lines.ts"
import { topLevelId } from "../../../src/mcp/wire/topLevelId.ts"

/** What comes out of chunks that go in, each line as text, a line that is too long as its length and id. */
const split = (chunks: ReadonlyArray<string>, maxLineBytes = 100) => {
  const lines = makeLines({ maxLineBytes })
  const out: Array<unknown> = []
  for (const chunk of chunks) {
    lines.append(Buffer.from(chunk))
    for (let line = lines.next(); line !== undefined; line = lines.next()) {
      out.push(line._tag === "Line" ? line.bytes.toString() : [line.length, line.id])
    }
  }
  return { out, unread: lines.unread() }
}

describe("Lines", () => {
  it("are found wherever the chunks end", () => {
    const whole = "one\n\ntwo\nthree\n"
    for (let at = 0; at <= whole.length; at++) {
      assert.deepStrictEqual(split([whole.slice(0, at), whole.slice(at)]).out, ["one", "", "two", "three"])
    }
  })

  it("that are too long are skipped, with their id, and the next line is read", () => {
    const long = `{"method":"x","params":{"id":1,"text":"${'}\\"'.repeat(50)}"},"id":"a"}`
    for (const chunks of [[`before\n${long}\nafter\n`], [...`before\n${long}\nafter\n`]]) {
      assert.deepStrictEqual(split(chunks), { out: ["before", [long.length, '"a"'], "after"], unread: 0 })
    }
  })

  it("need no line feed at the end of the input", () => {
    for (const whole of ["one\ntwo", "one\ntwo\n"]) {
      const lines = makeLines({ maxLineBytes: 100 })
      lines.append(Buffer.from(whole))
      lines.next()
      lines.end()
      assert.deepStrictEqual([lines.next(), lines.next()], [{ _tag: "Line", bytes: Buffer.from("two") }, undefined])
    }
  })

  it("wait in the order of their arrival, and are counted until they are taken", () => {
    const lines = makeLines({ maxLineBytes: 10 })
    lines.append(Buffer.from("one\ntwo\n"))
    assert.strictEqual(lines.unread(), 8)
    lines.next()
    assert.strictEqual(lines.unread(), 4)
  })
})

describe("The id of a message", () => {
  it.each([
    ['{"id":1}', "1"],
    [' { "id" : "a\\"b" , "x":1}', '"a\\"b"'],
    ['{"a":{"id":1},"b":[{"id":2}],"id":3.5e1}', "3.5e1"],
    ['{"a":"\\"id\\":1,","id":-4', undefined],
    ['{"id":-4,"a":"', "-4"],
    ['{"a":{"id":1}}', undefined],
    ['{"id":{}}', undefined],
    ['[{"id":1}]', undefined],
    ["", undefined],
  ])("in %s is %s", (text, id) => {
    assert.strictEqual(topLevelId(text), id)
  })
})
