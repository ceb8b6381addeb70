/** Installs a client from npm into a folder of its own. */
import { Effect, FileSystem, Path, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { ClientFailed } from "./Stage.ts"

/** The name of the package as that of a folder. */
export const folderOf = (name: string) => name.replace("@", "").replaceAll("/", "-")

export interface Installed {
  readonly bin: string
  readonly version: string
}

export interface InstallOptions {
  readonly folder: string
  /** A version, or `latest`. */
  readonly version: string
}

const maxInstall = "10 minutes"

/** Installs it, unless the folder has it. */
export const install = Effect.fnUntraced(function* (name: string, { folder, version }: InstallOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = path.join(folder, folderOf(name))
  const manifest = path.join(root, "node_modules", name, "package.json")
  if (!(yield* fs.exists(manifest))) {
    yield* fs.makeDirectory(root, { recursive: true })
    const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", root, `${name}@${version}`]
    const handle = yield* ChildProcess.make("npm", args, { stdin: "ignore", extendEnv: true })
    const output = yield* Stream.mkString(Stream.decodeText(handle.all)).pipe(Effect.timeout(maxInstall))
    if ((yield* handle.exitCode) !== 0) {
      return yield* new ClientFailed({ what: "npm could not install it", output: output.slice(-500) })
    }
  }
  const { version: found = "" } = JSON.parse(yield* fs.readFileString(manifest)) as { version?: string }
  return { bin: path.join(root, "node_modules", ".bin"), version: found } satisfies Installed as Installed
}, Effect.scoped)
