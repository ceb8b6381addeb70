import { assert, describe, it } from "@effect/vitest"
import { Schema, TextDiff } from "effect"
import { after, before, compose, count, type EditScript, parse } from "../../../src/opencode/changes/EditScript.ts"
import { fileDiff } from "../../support/diffs.ts"

/** Few different lines, so that they repeat. The last one may lack its line feed, and a line may look like a patch. */
const Version = Schema.Struct({
  lines: Schema.Array(Schema.Literals(["a", "b", "", "-c", "+", "@@ -1,1 +1,1 @@", "\\ No newline", "d\r"])).check(
    Schema.isMaxLength(7),
  ),
  ends: Schema.Boolean,
})

const text = ({ ends, lines }: typeof Version.Type) => lines.join("\n") + (ends && lines.length > 0 ? "\n" : "")

const script = (before: string, after: string): EditScript => parse(fileDiff("f", before, after).patch ?? "") ?? []

const numbers = (count: number, change: (line: number) => string = String) =>
  Array.from({ length: count }, (_, index) => `${change(index + 1)}\n`).join("")

describe("An edit script", () => {
  it.prop("holds both versions of the file", [Version, Version], ([one, other]) => {
    const parsed = script(text(one), text(other))
    assert.strictEqual(before(parsed), text(one))
    assert.strictEqual(after(parsed), text(other))
  })

  it.prop("of several turns leads from before the first to after the last", [Schema.Array(Version)], ([versions]) => {
    const texts = ["", ...versions.map(text)]
    const steps = texts.slice(1).map((next, index) => script(texts[index] ?? "", next))
    const all = steps.reduce<EditScript | undefined>((done, step) => done && compose(done, step), [])
    assert(all !== undefined)
    assert.strictEqual(before(all), "")
    assert.strictEqual(after(all), texts.at(-1))
  })

  it.prop("changed back is no change", [Version, Version], ([one, other]) => {
    const both = compose(script(text(one), text(other)), script(text(other), text(one)))
    assert(both !== undefined)
    assert.strictEqual(count(both, "Insert") + count(both, "Delete"), 0)
    assert.strictEqual(TextDiff.unified(both), "")
  })

  it("is not composed with one that starts from another text", () => {
    const first = script("a\nb\n", "a\nc\n")
    for (const other of ["a\nx\n", "a\nc\nd\n", "a\n", "a\nc", ""]) {
      assert.isUndefined(compose(first, script(other, "new\n")), JSON.stringify(other))
    }
  })

  it("counts a line that two turns changed once", () => {
    const both = compose(
      script(
        numbers(9),
        numbers(9, (line) => (line === 5 ? "five" : String(line))),
      ),
      script(
        numbers(9, (line) => (line === 5 ? "five" : String(line))),
        numbers(9, (line) => (line === 5 ? "FIVE" : String(line))),
      ),
    )
    assert.strictEqual(TextDiff.unified(both ?? []), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+FIVE\n 6\n 7\n 8\n")
  })

  it("is printed as hunks with three context lines", () => {
    const lines = new Map([
      [10, "ten"],
      [16, "sixteen"],
      [40, "forty"],
      [50, "fifty\nand more"],
    ])
    const hunks = TextDiff.unified(
      script(
        numbers(50),
        numbers(50, (line) => lines.get(line) ?? String(line)),
      ),
    )
    assert.deepStrictEqual(
      hunks.split("\n").filter((line) => line.startsWith("@@")),
      ["@@ -7,13 +7,13 @@", "@@ -37,7 +37,7 @@", "@@ -47,4 +47,5 @@"],
    )
    assert.strictEqual(hunks.split("\n").filter((line) => line.startsWith(" ")).length, 11 + 6 + 3)
  })

  it("of a new file, a deleted file, and one without a final line feed is printed as git does", () => {
    assert.strictEqual(TextDiff.unified(script("", "a\nb\n")), "@@ -0,0 +1,2 @@\n+a\n+b\n")
    assert.strictEqual(TextDiff.unified(script("a\n", "")), "@@ -1 +0,0 @@\n-a\n")
    const unfinished = "\\ No newline at end of file\n"
    assert.strictEqual(TextDiff.unified(script("a", "b")), `@@ -1 +1 @@\n-a\n${unfinished}+b\n${unfinished}`)
  })

  it.each([
    ["has no hunk", "Index: f\n--- f\t\n+++ f\t\n"],
    ["begins further below", "--- f\n+++ f\n@@ -5,1 +5,1 @@\n-a\n+b\n"],
    ["has several hunks", "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n+b\n@@ -9,1 +9,1 @@\n-a\n+b\n"],
    ["ends too early", "--- f\n+++ f\n@@ -1,3 +1,1 @@\n-a\n+b\n"],
    ["is something else", "GIT binary patch\nliteral 5\n"],
  ])("is not made from a patch that %s", (_, patch) => {
    assert.isUndefined(parse(patch))
  })
})
