/** The picture in the README shows terminal output unchanged. */
import { assert, describe, it } from "@effect/vitest"
import { terminalSvg } from "../../scripts/picture/terminalSvg.ts"

const rows = (svg: string) =>
  [...svg.matchAll(/<text x=[^>]*>(.*)<\/text>/gu)].map(([, row = ""]) => row.replaceAll(/<[^>]*>/gu, ""))

describe("terminalSvg", () => {
  it("keeps the text and escapes what XML reserves", () => {
    assert.deepStrictEqual(rows(terminalSvg("  a\n\n<b> & c", { title: "t", columns: 80 })), [
      "  a",
      "&lt;b&gt; &amp; c",
    ])
  })

  it("wraps at the width of the terminal", () => {
    assert.deepStrictEqual(rows(terminalSvg("abcdefgh", { title: "t", columns: 3 })), ["abc", "def", "gh"])
  })

  it("draws a style until its end code, across lines", () => {
    const svg = terminalSvg("\u001B[33mone\ntwo\u001B[39m three", { title: "t", columns: 80 })
    assert.include(svg, '><tspan class="yellow">one</tspan></text>')
    assert.include(svg, '><tspan class="yellow">two</tspan> three</text>')
  })
})
