/** `attachUi`: opencode is a shell script on the PATH that writes down its arguments and its environment. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Stream } from "effect"
import { attachUi } from "../../src/connect/attachUi.ts"
import type { ApiVersion, Target } from "../../src/opencode/Target.ts"
import { makeOpencode, test } from "./opencodeScript.ts"

const target: Target = {
  instance: "build",
  url: "http://127.0.0.1:4711",
  credentials: { username: "me", password: Redacted.make("secret") },
}

/** Runs it with an opencode that prints this version. */
const attach = Effect.fnUntraced(function* (api: ApiVersion, version: string, options: Partial<Target> = {}) {
  const fs = yield* FileSystem.FileSystem
  const made = yield* makeOpencode(`
[ "$1" = --version ] && { echo '${version}'; exit; }
env | grep '^OPENCODE_' | sort > "$here/environment"
exit 7`)
  const status = yield* attachUi({
    target: { ...target, ...options },
    api,
    args: ["--continue"],
    stopSignals: Stream.never,
  })
  return { status, args: yield* made.arguments, env: yield* fs.readFileString(`${made.parent}/environment`) }
})

describe("opencode's terminal UI on an instance", () => {
  it.live("of opencode 1 gets the address as an argument, and user name and password in its environment", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attach(1, "1.18.33"), {
        status: 7,
        args: ["attach", "http://127.0.0.1:4711", "--continue"],
        env: "OPENCODE_SERVER_PASSWORD=secret\nOPENCODE_SERVER_USERNAME=me\n",
      })
    }).pipe(test),
  )

  it.live("of opencode 2 gets them in its own way", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attach(2, "opencode v2.0.15"), {
        status: 7,
        args: ["--server", "http://127.0.0.1:4711", "--continue"],
        env: "OPENCODE_PASSWORD=secret\n",
      })
    }).pipe(test),
  )

  it.live("is not opened by another major version, or where it cannot send what is needed", () =>
    Effect.gen(function* () {
      const other = yield* Effect.flip(attach(2, "1.18.33"))
      assert.strictEqual(other.message, "build is opencode 2, and the opencode on the PATH is 1.18.33")
      const headers = { "x-key": Redacted.make("key") }
      assert.include((yield* Effect.flip(attach(1, "1.18.33", { headers }))).message, "needs request headers")
    }).pipe(test),
  )
})
