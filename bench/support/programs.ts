/** The measured programs: our bundle, and the floors, bundled the same way. */
import { fileURLToPath } from "node:url"
import { Config, Effect, FileSystem, Option, Path } from "effect"
import { rolldown } from "rolldown"
import type { Command } from "./JsonRpcProcess.ts"

export const executable = fileURLToPath(new URL("../../dist/bin/opencode-fleet.mjs", import.meta.url))

const floors = (name: string) => fileURLToPath(new URL(`../floors/${name}.ts`, import.meta.url))

/** The same bundler and options as in rolldown.config.ts, without the plugins: an ordinary server has none. */
const bundle = async (directory: string): Promise<void> => {
  const names = ["bare", "hello", "hello-cached", "httpEcho", "list", "portScan", "probe", "probe2"]
  const build = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, floors(name)])),
    platform: "node",
    transform: { target: "node22.19" },
  })
  await build.write({ dir: directory, format: "esm", entryFileNames: "[name].mjs", minify: true })
  await build.close()
}

export const makePrograms = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
  // The floors run outside the checkout and cannot find its packages, so they are as self-contained as ours.
  yield* Effect.promise(() => bundle(directory))
  const floor = (name: string, args: ReadonlyArray<string> = []): Command => ({
    file: path.join(directory, `${name}.mjs`),
    args,
  })
  /** Writes a file of URLs, and returns the command of a floor that queries them. */
  const asking = (name: string) =>
    Effect.fnUntraced(function* (urls: ReadonlyArray<string>, timeoutMs: number, ...more: ReadonlyArray<string>) {
      const file = path.join(directory, `urls-${urls.length}.json`)
      yield* fs.writeFileString(file, JSON.stringify(urls))
      return floor(name, [file, String(timeoutMs), ...more])
    })
  const against = yield* Config.option(Config.String("BENCH_AGAINST"))
  const serverOf =
    (file: string, cache: string) =>
    (registry: string, env: Readonly<Record<string, string>> = {}): Command => ({
      file,
      env: {
        TRANSPORT: "local-relay",
        RELAY_REGISTRY_DIR: registry,
        DISCOVERY_INTERVAL_MS: "3600000",
        HEALTH_CHECK_TIMEOUT_MS: "1000",
        LOG_LEVEL: "error",
        XDG_CACHE_HOME: path.join(directory, cache),
        ...env,
      },
    })
  return {
    bare: floor("bare"),
    hello: floor("hello"),
    /** The SDK's echo over HTTP. */
    httpEcho: floor("httpEcho"),
    helloCached: floor("hello-cached", [path.join(directory, "hello-cache")]),
    /** Node that does nothing. */
    nothing: { file: "-e", args: ["0"] } satisfies Command as Command,
    /** Queries instances once for each line on stdin. */
    probe: asking("probe"),
    /** The same for services of opencode 2. */
    probe2: asking("probe2"),
    /** Looks for instances once for each line on stdin. */
    portScan: asking("portScan"),
    /** Queries instances once and exits. */
    list: asking("list"),
    /** Our server on a relay directory, with a compile cache that belongs to this run of the bench. */
    ours: serverOf(executable, "our-cache"),
    /** Another build of our server, to compare both in one run: BENCH_AGAINST names its `opencode-fleet.mjs`. */
    against: Option.map(against, (file) => serverOf(file, "their-cache")),
  }
})

export type Programs = Effect.Success<typeof makePrograms>
