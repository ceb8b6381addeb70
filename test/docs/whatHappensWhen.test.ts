/** docs/what-happens-when.md promises that each line about a turn is a test of that name. */
import { assert, describe, it } from "@effect/vitest"
import { filesIn, read, rows, section } from "./pages.ts"

const during = section(read("docs/what-happens-when.md"), "## During a turn").split("\n### ", 1).join("")

const lines = rows(during).map((cells) => cells.join(": "))

const tests = filesIn("test/e2e").map(read).join("\n")

describe("What happens when…", () => {
  it("lists as many situations as the README says", () => {
    assert.include(read("README.md"), `lists ${lines.length} situations`)
  })

  it.each(lines)("there is a test: %s", (line) => {
    assert.include(tests, `"${line}"`)
  })
})
