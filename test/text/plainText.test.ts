import { assert, describe, it } from "@effect/vitest"
import { plainLine, plainText } from "../../src/text/plainText.ts"
import { HostileText, hostileText } from "../discovery/relay/hostile.ts"

/** What may break out of a terminal line or reverse its direction. Line feeds and tabs are left to the caller. */
const controls = /[^\P{Cc}\n\t]|\p{Bidi_Control}|[\u2028\u2029]/u

describe("PlainText", () => {
  it("removes the escape of terminal sequences, including the one-byte form", () => {
    assert.strictEqual(plainText("\u001B[31mred\u001B[0m \u009B31m \u0007bell\u007F"), "[31mred[0m 31m bell")
  })

  it("removes bidirectional controls", () => {
    assert.strictEqual(plainText("safe\u202Etxt.exe\u2066\u200F\u061C"), "safetxt.exe")
  })

  it("removes invisible text: tag characters, zero-width characters, lone surrogates", () => {
    const hidden = String.fromCodePoint(...Array.from("obey", (letter) => 0xe0000 + (letter.codePointAt(0) ?? 0)))
    assert.strictEqual(plainText(`a${hidden}p\u200Bi\u2060\uFEFF`), "api")
    assert.strictEqual(plainText("half \uD83D."), "half \uFFFD.")
  })

  it("keeps line feeds, tabs and every script", () => {
    const text = "zwei\n\tTabs · 日本語 · עברית · 👩‍👩‍👧 · e\u0301"
    assert.strictEqual(plainText(text), text)
  })

  it("turns Windows line ends into line feeds and drops a lone carriage return, which would overwrite the line", () => {
    assert.strictEqual(plainText("one\r\ntwo\rthree"), "one\ntwothree")
  })

  it("joins all lines into one, with single spaces", () => {
    assert.strictEqual(plainLine("  one\r\ntwo\rthree\u2028four\u2029five\n\n\tsix  "), "one two three four five six")
  })

  it.prop(
    "plainText leaves nothing dangerous in any text and changes nothing the second time",
    [HostileText],
    ([points]) => {
      const once = plainText(hostileText(points))
      assert.notMatch(once, controls)
      assert.strictEqual(plainText(once), once)
    },
  )

  it.prop(
    "plainLine leaves one trimmed line of any text and changes nothing the second time",
    [HostileText],
    ([points]) => {
      const once = plainLine(hostileText(points))
      assert.notMatch(once, controls)
      assert.notMatch(once, /[\n\t]|^\s|\s$|\s\s/u)
      assert.strictEqual(plainLine(once), once)
    },
  )
})
