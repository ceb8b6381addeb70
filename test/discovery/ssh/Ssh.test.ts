/** The transport, without a directory for its sockets. */
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, PlatformError } from "effect"
import { Discovery } from "../../../src/discovery/Discovery.ts"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { layer } from "../../../src/discovery/ssh/Ssh.ts"
import { FakeHost } from "./FakeHost.ts"

it.effect("a TMPDIR that does not exist is a problem, and is tried again at the next scan", () => {
  let missing = true
  const notFound = PlatformError.systemError({
    _tag: "NotFound",
    module: "FileSystem",
    method: "makeTempDirectory",
    cause: Object.assign(new Error("no such file or directory"), { code: "ENOENT" }),
  })
  const files = FileSystem.layerNoop({
    makeTempDirectoryScoped: () => Effect.suspend(() => (missing ? Effect.fail(notFound) : Effect.succeed("/sockets"))),
  })
  return Effect.gen(function* () {
    const { scan } = yield* Discovery
    const { failed, problems } = yield* scan
    assert.lengthOf(problems, 1)
    assert.isTrue(failed, "what was found before stays")
    assert.include(problems[0]?.reason, "TMPDIR")
    assert.include(problems[0]?.reason, "it does not exist (ENOENT)")
    missing = false
    assert.notInclude(JSON.stringify((yield* scan).problems), "TMPDIR")
  }).pipe(
    Effect.provide(
      layer({ hosts: ["box"] }).pipe(
        Layer.provideMerge([FakeHost.layer, Layer.mock(Identification, {}), files, Path.layer]),
      ),
    ),
  )
})
