/** Every relative link in the README and the docs leads to a file, and to a heading in it. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import { pages, read } from "./pages.ts"

/** The anchor that GitHub gives a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-")

const anchorsOf = (page: string) => [...read(page).matchAll(/^#+ (.+)$/gmu)].map(([, heading = ""]) => anchor(heading))

const links = pages.flatMap((page) =>
  [...read(page).matchAll(/\]\(([^)\s]+)\)/gu)].map(([, link = ""]) => ({ page, link })),
)

describe("Links in the documentation", () => {
  it.each(links.filter(({ link }) => !/^https?:/u.test(link)))("$page: $link", ({ link, page }) => {
    const [file = "", heading] = link.split("#")
    const path = file === "" ? page : posix.join(posix.dirname(page), file)
    assert.isTrue(existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url))), `${path} does not exist`)
    if (heading !== undefined) assert.include(anchorsOf(path), heading)
  })

  it("lead from the README to every page of docs/", () => {
    const fromReadme = links.filter(({ page }) => page === "README.md").map(({ link }) => link)
    assert.includeMembers(
      fromReadme,
      pages.filter((page) => page !== "README.md"),
    )
  })
})
