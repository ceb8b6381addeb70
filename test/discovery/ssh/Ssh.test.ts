/** The transport, without a directory for its sockets. */
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, PlatformError } from "effect"
import { Discovery } from "../../../src/discovery/Discovery.ts"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { layer } from "../../../src/discovery/ssh/Ssh.ts"
import { SshProgram } from "../../../src/machine/ssh/SshCommand.ts"
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

it.live("an ssh configuration that cannot be read for a moment keeps its hosts, and is a problem", () => {
  let failing = false
  const tooMany = PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "open",
    cause: Object.assign(new Error("EMFILE"), { code: "EMFILE" }),
  })
  const files = FileSystem.layerNoop({
    makeTempDirectoryScoped: () => Effect.succeed("/sockets"),
    readFileString: () => Effect.suspend(() => (failing ? Effect.fail(tooMany) : Effect.succeed("Host gpu-1"))),
  })
  return Effect.gen(function* () {
    const host = yield* FakeHost
    const { scan } = yield* Discovery
    yield* scan
    failing = true
    const { problems } = yield* scan
    assert.deepStrictEqual(
      problems.filter(({ source }) => source === "/ssh/config").map(({ reason }) => reason),
      ["cannot be read: this process has too many open files; raise its limit (ulimit -n) (EMFILE)"],
    )
    assert.notInclude(JSON.stringify(problems), "found no host")
    assert.strictEqual(host.open.size, 1, "the connection to gpu-1 stays")
  }).pipe(
    Effect.provide(
      layer({ hosts: ["gpu-*"] }).pipe(
        Layer.provideMerge([
          FakeHost.layer,
          Layer.mock(Identification, {}),
          files,
          Path.layer,
          Layer.succeed(SshProgram, { command: "ssh", options: [], configFile: "/ssh/config" }),
        ]),
      ),
    ),
  )
})
