/** Every command and every call on the pages of jobs is played by a test against real opencodes. */
import { assert, describe, it } from "@effect/vitest"
import { read, rows, section } from "./pages.ts"

const commandsOf = (page: string) =>
  [...read(page).matchAll(/^```sh\n([\s\S]*?)^```$/gmu)].flatMap(([, lines = ""]) => lines.trim().split("\n"))

const played = [
  { page: "docs/drive-agents.md", test: "test/e2e/day.test.ts" },
  { page: "docs/be-told.md", test: "test/e2e/day.test.ts" },
  { page: "docs/orchestrate-agents.md", test: "test/e2e/orchestrate.test.ts" },
].flatMap(({ page, test }) => commandsOf(page).map((command) => ({ page, test, command })))

const calls = rows(section(read("docs/orchestrate-agents.md"), "## What happens")).flatMap(([call = ""]) =>
  [...call.matchAll(/`([a-z]+(?:_[a-z]+)+)`/gu)].map(([, tool = ""]) => tool),
)

/** `list_instances` is declared as `ListInstances`. */
const declaration = (tool: string) => tool.replaceAll(/(?:^|_)([a-z])/gu, (_, letter: string) => letter.toUpperCase())

describe("The pages of jobs", () => {
  it("have commands and calls", () => {
    assert.isAtLeast(played.length, 15)
    assert.isAtLeast(calls.length, 8)
  })

  it.each(played)("$page: a test types $command", ({ command, test }) => {
    assert.include(read(test), command)
  })

  it.each(calls)("a test calls %s", (tool) => {
    assert.match(read("test/e2e/orchestrate.test.ts"), new RegExp(`\\((?:client, )?${declaration(tool)}\\b`, "u"))
  })
})
