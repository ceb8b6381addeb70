/** A temporary relay directory. */
import { Effect, FileSystem, Layer, Option, Path, Redacted } from "effect"
import { Discovery } from "../../../src/discovery/Discovery.ts"
import * as RelayDirectory from "../../../src/discovery/relay/RelayDirectory.ts"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"

export const credentials = { username: "opencode", password: Redacted.make("hunter2-Zk9") }

export interface Options {
  /** Checks permissions as with a password set. */
  readonly strict?: boolean
  readonly mayBeMissing?: boolean
  readonly user?: number
}

export const discovery = (directory: string, { mayBeMissing, strict = false, user }: Options = {}) =>
  Discovery.pipe(
    Effect.provide(
      RelayDirectory.layer({ directory, mayBeMissing, strictModes: strict }).pipe(
        Layer.provide(user === undefined ? Layer.empty : Layer.succeed(CurrentUser, Option.some(user))),
      ),
    ),
  )

export const scan = (directory: string, options?: Options) =>
  Effect.flatMap(discovery(directory, options), ({ scan }) => scan)

/** A new directory that only its owner may write, whatever the umask, within another one like that. */
export const makeRelay = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const parent = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "relay-test-" }))
  const directory = path.join(parent, "relay")
  yield* fs.makeDirectory(directory)
  yield* fs.chmod(directory, 0o755)
  const file = (name: string) => path.join(directory, name)
  const write = (name: string, content: string | Uint8Array, mode = 0o644) =>
    Effect.andThen(
      typeof content === "string" ? fs.writeFileString(file(name), content) : fs.writeFile(file(name), content),
      fs.chmod(file(name), mode),
    )
  const register = (name: string, registration: unknown, mode?: number) =>
    write(name, JSON.stringify(registration), mode)
  return { parent, directory, file, write, register }
})
