/** The README promises that each line of "What happens when…" is a test of that name. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const root = new URL("../", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

const chapter = /^## What happens when…$([\s\S]*?)^#/mu.exec(read("README.md"))?.[1] ?? ""
const lines = [...chapter.matchAll(/^\| (.+?) +\| (.+?) +\|$/gmu)]
  .map(([, what = "", get = ""]) => `${what}: ${get}`)
  .slice(2)

const tests = readdirSync(new URL("test/e2e/", root))
  .map((file) => read(`test/e2e/${file}`))
  .join("\n")

describe("What happens when…", () => {
  it("has lines", () => {
    assert.isAbove(lines.length, 40)
  })

  it.each(lines)("there is a test: %s", (line) => {
    assert.include(tests, `"${line}"`)
  })
})
