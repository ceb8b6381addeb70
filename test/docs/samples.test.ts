/** The TypeScript in the docs is taken from examples/, which the compiler checks and test/e2e/ runs. */
import { assert, describe, it } from "@effect/vitest"
import { filesIn, pages, read } from "./pages.ts"

/** The examples as they read in a project of one's own. */
const examples = filesIn("examples")
  .filter((path) => path.endsWith(".ts"))
  .map((path) =>
    read(path).replaceAll(/"\.\.\/src\/(?:exports\/)?([\w-]+)\.ts"/gu, (_, entry: string) =>
      entry === "index" ? '"opencode-fleet"' : `"opencode-fleet/${entry}"`,
    ),
  )

const samples = pages.flatMap((page) =>
  [...read(page).matchAll(/^```ts\n([\s\S]*?)^```$/gmu)].map(([, code = ""], index) => ({
    code,
    sample: `${page}, sample ${index + 1}`,
  })),
)

describe("Code samples", () => {
  it("are there", () => {
    assert.isNotEmpty(samples)
  })

  it.each(samples)("$sample is part of an example", ({ code }) => {
    assert.isTrue(
      examples.some((example) => example.includes(code)),
      `not found in examples/:\n${code}`,
    )
  })
})
