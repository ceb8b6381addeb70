/** The directory of a new session on a server that serves all directories, as opencode 2 does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { ses, session } from "../../../src/testing/samples.ts"
import { sessionDirectory } from "../../../src/tools/sessions/sessionDirectory.ts"
import { opencode, overFake } from "../../support/overFake.ts"

/** A server with sessions in these directories, newest first. */
const chosen = Effect.fnUntraced(function* (directories: ReadonlyArray<string>, announced?: string) {
  const fake = yield* FakeOpencode
  fake.sessions = directories.map((directory, index) =>
    session(String(index), { directory, time: { created: 0, updated: 100 - index } }),
  )
  fake.sessions.push(session("child", { directory: "/work/of-a-subagent", parentID: ses("0") }))
  const api = yield* opencode
  const wide = { ...api, capabilities: { ...api.capabilities, statusScope: "server" } } as const
  return yield* sessionDirectory("laptop", wide, undefined, announced)
})

describe("Without a directory, a new session", () => {
  it.effect("works in the directory of the instance, or else in its only project", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* chosen(["/work/shop", "/work/blog"], "/work/announced"), "/work/announced")
      assert.strictEqual(yield* chosen(["/work/shop", "/work/shop"]), "/work/shop")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is refused if there are several projects, or none", () =>
    Effect.gen(function* () {
      const several = yield* Effect.flip(chosen(["/work/shop", "/work/blog", "/work/shop"]))
      assert.include(several.message, "laptop serves several projects")
      assert.include(several.message, "/work/shop, /work/blog")
      assert.include((yield* Effect.flip(chosen([]))).message, "has no sessions yet")
    }).pipe(Effect.provide(overFake)),
  )
})
