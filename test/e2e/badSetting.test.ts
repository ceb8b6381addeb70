/** An invalid setting in programs that embed the library is reported like any other error. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Path, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"
import { transportNames } from "../../src/discovery/transportNames.ts"

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The output and exit status of a program with an unknown `TRANSPORT`. */
const run = Effect.fnUntraced(function* (program: string) {
  const handle = yield* ChildProcess.make(process.execPath, [program], {
    env: { HOME: "/tmp", TRANSPORT: "local-relays" },
  })
  const text = (stream: typeof handle.stdout) => Stream.mkString(Stream.decodeText(stream))
  const [stdout, stderr] = yield* Effect.all([text(handle.stdout), text(handle.stderr)], { concurrency: 2 })
  return { stdout, stderr, status: Number(yield* handle.exitCode) }
}, Effect.scoped)

layer(NodeServices.layer, { excludeTestServices: true })("A setting that cannot be used", (it) => {
  it.effect.each(["fleet.ts", "send.ts", "static-list.ts"])(
    "ends examples/%s with a line on stderr that names it",
    (name) =>
      Effect.gen(function* () {
        const { status, stderr, stdout } = yield* run(file(`examples/${name}`))
        assert.strictEqual(status, 1)
        assert.strictEqual(stdout, "")
        assert.match(stderr, /^TRANSPORT="local-relays" cannot be used: [^\n]*\n$/u)
        assert.include(stderr, transportNames.join(", "))
      }),
  )

  it.effect("is reported by a plain runMain", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = yield* fs.makeTempDirectoryScoped({ directory: file("test"), prefix: ".bad-setting-" })
      const program = path.join(directory, "program.ts")
      yield* fs.writeFileString(
        program,
        `import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Fleet, fleetLayer, Settings } from ${JSON.stringify(file("src/index.ts"))}
Effect.flatMap(Fleet, ({ snapshot }) => snapshot).pipe(
  Effect.provide(Layer.provide(fleetLayer(Settings.fromEnvironment), NodeServices.layer)),
  NodeRuntime.runMain,
)
`,
      )
      const { status, stderr, stdout } = yield* run(program)
      assert.strictEqual(status, 1)
      assert.include(stdout + stderr, 'TRANSPORT="local-relays" cannot be used')
    }),
  )
})
