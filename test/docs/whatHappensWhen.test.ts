/** docs/what-happens-when.md promises that each line about a turn or a command is a test of that name. */
import { assert, describe, it } from "@effect/vitest"
import { filesIn, read, rows, section } from "./pages.ts"

const page = read("docs/what-happens-when.md")

const during = section(page, "## During a turn").split("\n### ", 1).join("")

const lines = rows(during).map((cells) => cells.join(": "))

const commands = rows(section(page, "## In a terminal, and with several sessions")).map((cells) => cells.join(": "))

const commandTests = filesIn("test/cli/commands").map(read).join("\n")

const tests = filesIn("test/e2e").map(read).join("\n")

describe("What happens when…", () => {
  it("lists as many situations as the README says", () => {
    assert.include(read("README.md"), `lists ${lines.length} situations`)
  })

  it.each(lines)("there is a test: %s", (line) => {
    assert.include(tests, `"${line}"`)
  })

  it.each(commands)("there is a test of a command: %s", (line) => {
    assert.include(commandTests, `"${line}"`)
  })
})
