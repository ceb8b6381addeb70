/** The TypeScript in the docs is code of examples/ and test/, which the compiler checks and the tests run. */
import { assert, describe, it } from "@effect/vitest"
import { withCurrentSamples } from "../../scripts/samples/samples.ts"
import { filesIn, pages, read } from "./pages.ts"

const fences = pages.flatMap((page) =>
  [...read(page).matchAll(/^```ts *(.*)$/gmu)].map(([, source = ""]) => ({ page, source })),
)

const sources = [...filesIn("examples"), ...filesIn("test/testing")]

describe("Code samples", () => {
  it("are there", () => {
    assert.isNotEmpty(fences)
  })

  it.each(fences)("$page: the source of a sample exists: $source", ({ source }) => {
    const [path = "", region] = source.split("#")
    assert.include(sources, path)
    if (region !== undefined) assert.match(read(path), new RegExp(`^// #region ${region}$`, "mu"))
  })

  it.each(pages)("%s shows them as they are now", (page) => {
    assert.strictEqual(read(page), withCurrentSamples(read(page), read), "run: npm run samples")
  })
})
