import { assert, describe, it } from "@effect/vitest"
import { truncate, truncateStart } from "../../src/text/truncate.ts"

describe("Truncating", () => {
  it("keeps text that fits", () => {
    assert.strictEqual(truncate("abc", 3), "abc")
    assert.strictEqual(truncateStart("abc", 3), "abc")
  })

  it("never cuts a character in half", () => {
    assert.strictEqual(truncate("a😀b", 2), "a")
    assert.strictEqual(truncate("a😀b", 3), "a😀")
    assert.strictEqual(truncateStart("a😀b", 2), "b")
    assert.strictEqual(truncateStart("a😀b", 3), "😀b")
  })
})
