import { assert, it } from "@effect/vitest"
import { describe } from "../../../src/opencode/requests/PendingRequest.ts"
import { permission } from "../../../src/testing/samples.ts"

it("A request in one line shows the end of a long command", () => {
  const request = { ...permission("1"), patterns: [`echo ${"harmless ".repeat(100)}`, "rm -rf build"] }
  const text = describe({ kind: "permission", request })
  assert.match(text, /^permission for bash: echo harmless .*rm -rf build$/u)
  assert.isAtMost(text.length, 200)
})
