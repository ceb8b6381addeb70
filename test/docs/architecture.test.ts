/** The table in docs/architecture.md and the rules of dependency-cruiser draw the same map of src/. */
import { assert, describe, it } from "@effect/vitest"
import { read, rows, section } from "./pages.ts"

const inCode = (text: string) => [...text.matchAll(/`([^`]+)`/gu)].map(([, code = ""]) => code)

const documented = new Map(
  rows(section(read("docs/architecture.md"), "## The map of `src/`")).map(([folders = "", , below = ""]) => [
    inCode(folders).join(),
    inCode(below),
  ]),
)

const rules = [...read(".dependency-cruiser.mjs").matchAll(/^ {2}(\w+): \[(.*)\],$/gmu)].map(
  ([, folder = "", below = ""]) => ({
    folder,
    below: [...below.matchAll(/"([^"]+)"/gu)].map(([, name = ""]) => name),
  }),
)

describe("docs/architecture.md", () => {
  it.each(rules)("says what $folder may import", ({ below, folder }) => {
    assert.sameMembers(documented.get(`${folder}/`) ?? [], below)
  })

  it("knows the rules", () => {
    assert.isAtLeast(rules.length, 8)
  })
})
