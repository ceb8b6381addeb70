/** SECURITY.md names a test for each defence. */
import { assert, describe, it } from "@effect/vitest"
import { read } from "./pages.ts"

const defences = [...read("SECURITY.md").matchAll(/\| \[([^\]]+)\]\((test\/[^)]+)\) +\|/gu)].map(
  ([, name = "", file = ""]) => [name, file] as const,
)

describe("SECURITY.md", () => {
  it("names a test for each defence", () => {
    const rows = read("SECURITY.md").match(/^\| (?!they could|---)/gmu) ?? []
    assert.isAbove(defences.length, 20)
    assert.strictEqual(defences.length, rows.length)
  })

  it.each(defences)("there is a test: %s", (name, file) => {
    assert.include(read(file), name)
  })
})
