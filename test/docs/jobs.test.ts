/** Every command on the pages of jobs is played by a test against real opencodes. */
import { assert, describe, it } from "@effect/vitest"
import { read } from "./pages.ts"

const commandsOf = (page: string) =>
  [...read(page).matchAll(/^```sh\n([\s\S]*?)^```$/gmu)].flatMap(([, lines = ""]) => lines.trim().split("\n"))

const played = [{ page: "docs/drive-agents.md", test: "test/e2e/day.test.ts" }].flatMap(({ page, test }) =>
  commandsOf(page).map((command) => ({ page, test, command })),
)

describe("The pages of jobs", () => {
  it("have commands", () => {
    assert.isAtLeast(played.length, 9)
  })

  it.each(played)("$page: a test types $command", ({ command, test }) => {
    assert.include(read(test), command)
  })
})
