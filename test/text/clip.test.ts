import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { clip, clipStart } from "../../src/text/clip.ts"
import { listText } from "../../src/text/listText.ts"
import { line } from "../../src/text/plainText.ts"

const how = "get_session with message_id msg_1 and offset 5"

describe("Clipping", () => {
  it("keeps what is no longer than the mark in its place", () => {
    const text = "abcdefghij".repeat(3)
    assert.strictEqual(clip(text.slice(0, 27), 5), text.slice(0, 27))
    assert.strictEqual(clipStart(text, 5), text)
    assert.strictEqual(clip("x".repeat(70), 5, how), "x".repeat(70))
  })

  it("counts what it leaves out, and says how to read it", () => {
    const text = "abcdefghij".repeat(200)
    assert.strictEqual(clip(text, 5), "abcde… [1,995 more characters]")
    assert.strictEqual(clipStart(text, 5), "[1,995 characters before this] …fghij")
    assert.strictEqual(
      clip(text, 5, (kept) => `offset ${kept}`),
      "abcde… [1,995 more characters: offset 5]",
    )
  })

  it.prop(
    "is never longer than the text",
    [Schema.String, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))],
    ([text, length]) => {
      for (const long of [text, text.repeat(20)]) {
        assert.isAtMost(clip(long, length).length, long.length)
        assert.isAtMost(clipStart(long, length, how).length, long.length)
      }
    },
  )

  it("makes a line of the beginning of a very long text only, and counts the rest", () => {
    assert.strictEqual(
      line(`${"a".repeat(10)}${" ".repeat(1_000_000)}end`, 10),
      "aaaaaaaaaa… [999,853 more characters]",
    )
    assert.strictEqual(line(`ab${" ".repeat(1000)}`, 10), "ab… [842 more characters]")
    assert.strictEqual(line("a\nb   c", 10), "a b c")
  })
})

describe("A list in a sentence", () => {
  it("counts what it leaves out, but never a single item", () => {
    assert.strictEqual(listText(["a", "b"], 2), "a, b")
    assert.strictEqual(listText(["a", "b", "c"], 2), "a, b, c")
    assert.strictEqual(listText(["a", "b", "c", "d"], 2, "; "), "a; b and 2 more")
  })
})
