/**
 * The package as npm packs it: what an embedder installs, compiles against and runs, and what `npm i -g` brings.
 * `npm run build` makes `dist/` first; packages come from npm's cache or the registry.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"

const repository = fileURLToPath(new URL("../../", import.meta.url))

const Manifest = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.String,
    exports: Schema.Record(Schema.String, Schema.Unknown),
    peerDependencies: Schema.Record(Schema.String, Schema.String),
    peerDependenciesMeta: Schema.Record(Schema.String, Schema.Struct({ optional: Schema.Boolean })),
  }),
)

/** Runs a program to its end and returns what it printed; a status other than 0 fails the test with the output. */
const run = Effect.fn("run")(function* (directory: string, command: string, ...args: ReadonlyArray<string>) {
  const handle = yield* ChildProcess.make(command, [...args], { cwd: directory, extendEnv: true, stdin: "ignore" })
  const output = yield* Stream.mkString(Stream.decodeText(handle.all))
  assert.strictEqual(Number(yield* handle.exitCode), 0, `${command} ${args.join(" ")}:\n${output}`)
  return output
}, Effect.scoped)

const program = (name: string) => `${repository}node_modules/.bin/${name}`

const npm = (directory: string, ...args: ReadonlyArray<string>) =>
  run(directory, "npm", ...args, "--no-audit", "--no-fund", "--prefer-offline", "--loglevel", "error")

/** The packed package. */
class Package extends Context.Service<
  Package,
  { readonly file: string; readonly manifest: (typeof Manifest)["Type"]; readonly peer: (name: string) => string }
>()("opencode-fleet/test/Package") {
  static readonly layer = Layer.effect(
    Package,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-package-" })
      const manifest = yield* Effect.flatMap(
        fs.readFileString(path.join(repository, "package.json")),
        Schema.decodeEffect(Manifest),
      )
      yield* npm(repository, "pack", "--ignore-scripts", "--pack-destination", directory)
      return Package.of({
        file: path.join(directory, `opencode-fleet-${manifest.version}.tgz`),
        manifest,
        peer: (name) => `${name}@${manifest.peerDependencies[name]}`,
      })
    }),
  )
}

/** A new project with the package and the given peers. */
const embed = Effect.fn("embed")(function* (...peers: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const { file, peer } = yield* Package
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-embedder-" })
  yield* fs.writeFileString(`${directory}/package.json`, '{"type": "module", "private": true}')
  yield* npm(directory, "install", file, ...peers.map(peer))
  return directory
})

/** Copies an example of the repository, with the imports of an embedding project. */
const copyExample = Effect.fn("copyExample")(function* (name: string, directory: string) {
  const fs = yield* FileSystem.FileSystem
  const source = yield* fs.readFileString(`${repository}examples/${name}`)
  yield* fs.writeFileString(
    `${directory}/${name}`,
    source
      .replaceAll('"../src/index.ts"', '"opencode-fleet"')
      .replaceAll(/"\.\.\/src\/exports\/(\w+)\.ts"/gu, '"opencode-fleet/$1"'),
  )
})

const examples = [
  "fleet.ts",
  "http-routes.ts",
  "http-server.ts",
  "readOnlyRule.ts",
  "send.ts",
  "server.ts",
  "static-list.ts",
  "toolkit.ts",
  "two-fleets.ts",
]

/** Are-the-types-wrong says how bundlers resolve the same declarations. */
const compile = (directory: string) => {
  const options = [
    "--noEmit",
    "--strict",
    "--target",
    "es2024",
    "--types",
    "node",
    "--skipLibCheck",
    "false",
    "--allowImportingTsExtensions",
  ]
  return run(directory, program("tsc"), ...options, "--module", "nodenext", ...examples)
}

layer(Package.layer.pipe(Layer.provideMerge(NodeServices.layer)), {
  excludeTestServices: true,
})("the package", (it) => {
  it.effect("is in order for publint and for are-the-types-wrong", () =>
    Effect.gen(function* () {
      const { file } = yield* Package
      yield* run(repository, program("publint"), "run", "--strict", file)
      yield* run(repository, program("attw"), "--profile", "esm-only", file)
    }),
  )

  it.effect("exports every type that a public signature names", () =>
    run(repository, process.execPath, "test/support/unexportedTypes.mjs", repository.slice(0, -1)),
  )

  it.effect("installed globally brings no other package, and its command works", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { file, manifest } = yield* Package
      const prefix = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-global-" })
      yield* npm(prefix, "install", "--global", "--prefix", prefix, file)
      assert.deepStrictEqual(yield* fs.readDirectory(`${prefix}/lib/node_modules`), ["opencode-fleet"])
      assert.isFalse(yield* fs.exists(`${prefix}/lib/node_modules/opencode-fleet/node_modules`))
      assert.include(yield* run(prefix, `${prefix}/bin/opencode-fleet`, "--version"), manifest.version)
    }),
  )

  it.effect("needs the MCP SDK only for /mcp; with its documented peers it compiles and runs in another project", () =>
    Effect.gen(function* () {
      const { manifest, peer } = yield* Package
      const directory = yield* embed("effect", "@effect/platform-node")
      const entries = Object.keys(manifest.exports).filter((entry) => !["./package.json", "./mcp"].includes(entry))
      const imports = entries.map((entry) => `await import("opencode-fleet${entry.slice(1)}")`)
      yield* run(directory, process.execPath, "--input-type", "module", "-e", imports.join("\n"))

      yield* npm(directory, "install", peer("@modelcontextprotocol/server"))
      yield* Effect.forEach(examples, (name) => copyExample(name, directory))
      yield* compile(directory)
      const printed = yield* run(directory, "env", `RELAY_REGISTRY_DIR=${directory}`, process.execPath, "fleet.ts")
      assert.match(printed, /^0 registered$/mu)
    }),
  )
})
