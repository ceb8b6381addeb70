import { assert, describe, it } from "@effect/vitest"
import { failedWith } from "../../../src/cli/process/exitStatus.ts"

describe("Why a command failed", () => {
  it("is one printable line, whatever an opencode has said", () => {
    const { message } = failedWith({ message: "opencode said: \u001B]0;P\u0007\r\n\u202Ertl\u200B\u009B31m" })
    assert.strictEqual(message, "opencode said: ]0;P rtl31m")
  })
})
