/** What a failed file operation is called, wherever it is shown. */
import { assert, describe, it } from "@effect/vitest"
import { PlatformError } from "effect"
import { failureText } from "../../src/machine/fileError.ts"

const failed = (code: string, method: string) =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method,
    cause: Object.assign(new Error(`${code}: it failed`), { code }),
  })

describe("The text of a failure", () => {
  it.each([
    ["EMFILE", "open", "this process has too many open files; raise its limit (ulimit -n) (EMFILE)"],
    ["ENOSPC", "open", "no space is left on the device (ENOSPC)"],
    ["ENOSPC", "watch", "the limit of watched files is reached; raise fs.inotify.max_user_watches (ENOSPC)"],
    ["EROFS", "open", "the file system is read-only (EROFS)"],
    ["EACCES", "open", "permission denied (EACCES)"],
    ["ENOTDIR", "open", "a part of the path is not a directory (ENOTDIR)"],
    ["EWHATEVER", "open", "EWHATEVER: it failed"],
  ])("of %s in %s says the reason", (code, method, text) => assert.strictEqual(failureText(failed(code, method)), text))

  it("of another error is its message on one line", () => assert.notInclude(failureText(new Error("not\njson")), "\n"))
})
