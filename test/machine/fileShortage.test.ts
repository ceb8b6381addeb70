/** A file that could not be looked at is not a missing one. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, PlatformError } from "effect"
import { failedWith } from "../../src/cli/process/exitStatus.ts"
import { fileErrorText, orElseUnlessShort } from "../../src/machine/fileError.ts"

const failed = (code: string) =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "open",
    pathOrDescriptor: "/state/connect.log",
    cause: Object.assign(new Error(`${code}: it failed`), { code }),
  })

const instead = (code: string) =>
  Effect.fail(failed(code)).pipe(
    orElseUnlessShort("none"),
    Effect.catch((error) => Effect.succeed(fileErrorText(error))),
  )

describe("The fallback for a file", () => {
  it.effect.each(["ENOENT", "EACCES", "ESRCH"])("takes its place after %s", (code) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* instead(code), "none")
    }),
  )

  it.effect.each(["EMFILE", "ENFILE", "ENOMEM"])("does not hide %s", (code) =>
    Effect.gen(function* () {
      assert.include(yield* instead(code), `(${code})`)
    }),
  )
})

describe("A command that fails at a file", () => {
  it("names it, the reason and the way out", () => {
    assert.strictEqual(
      failedWith(failed("EMFILE")).message,
      "Cannot use /state/connect.log: this process has too many open files; raise its limit (ulimit -n) (EMFILE)",
    )
  })
})
