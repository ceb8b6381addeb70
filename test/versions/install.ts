/** Installs the binary of one version of opencode from npm. */
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import type { Program } from "../support/OpencodeServer.ts"

const system = process.platform === "win32" ? "windows" : process.platform

/** The build for processors without AVX2 runs on all of them. It does not exist for ARM. */
const platform = process.arch === "x64" ? `${system}-x64-baseline` : `${system}-${process.arch}`

export const isOpencode2 = (version: string) => version.startsWith("2.")

const packageOf = (version: string) => (isOpencode2(version) ? `@opencode/cli-${platform}` : `opencode-${platform}`)

/** Below `directory`, unless it is there already. */
export const install = Effect.fn("install")(function* (directory: string, version: string) {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const cwd = `${directory}/${version}`
  const name = packageOf(version)
  const program: Program = {
    api: isOpencode2(version) ? 2 : 1,
    binary: `${cwd}/node_modules/${name}/bin/opencode`,
    // Also answered by the versions that have no health route.
    healthRoute: isOpencode2(version) ? "/api/info" : "/path",
  }
  if (yield* fs.exists(program.binary)) return program
  yield* fs.makeDirectory(cwd, { recursive: true })
  yield* fs.writeFileString(`${cwd}/package.json`, '{"private": true}')
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
  const npm = ChildProcess.make("npm", ["install", ...options, `${name}@${version}`], {
    cwd,
    extendEnv: true,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  })
  const status = yield* spawner.exitCode(npm)
  if (status !== ChildProcessSpawner.ExitCode(0)) {
    return yield* Effect.die(new Error(`npm could not install ${name}@${version}`))
  }
  return program
})
