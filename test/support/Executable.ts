/**
 * The built executable and its surroundings: an environment of its own, a temporary home, and a relay directory for
 * registrations. `npm run build` builds the executable.
 */
import { Effect, FileSystem, Path } from "effect"
import { fileURLToPath } from "node:url"
import type { RealOpencode } from "./RealOpencode.ts"

/** The file that `bin` of package.json names. */
export const executable = fileURLToPath(new URL("../../dist/bin/opencode-fleet.mjs", import.meta.url))

/** Shared by all its processes, since each has a home of its own: starting without one takes a third more CPU time. */
export const compileCache = fileURLToPath(new URL("../../node_modules/.cache/opencode-fleet", import.meta.url))

/** Further variables of the executable. Undefined ones are left out. */
export type Variables = Readonly<Record<string, string | undefined>>

export interface Relay {
  /** HOME of the executable. */
  readonly home: string
  /** RELAY_REGISTRY_DIR. It exists unless an option of `makeRelay` says otherwise. */
  readonly directory: string
  /** The whole environment of the executable, without any variable of the developer's own. */
  readonly environment: (variables?: Variables) => Record<string, string>
  /** Writes a file into the relay directory, as text or as JSON, and returns its path. */
  readonly write: (file: string, content: unknown) => Effect.Effect<string>
  /**
   * Registers an instance under the name, with the usual fields. With `api: 2`, the environment contains its password from
   * then on.
   */
  readonly register: (name: string, opencode: Registered) => Effect.Effect<string>
}

export type Registered = { readonly port: number } & Partial<
  Pick<RealOpencode["Service"], "directory" | "api" | "password">
>

const withoutUndefined = (variables: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )

/** A home and a relay directory, which are removed when the scope closes. */
export const makeRelay = Effect.fn("makeRelay")(function* ({ exists = true }: { readonly exists?: boolean } = {}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-" }), fs.realPath)
  const directory = path.join(home, "relay")
  if (exists) yield* fs.makeDirectory(directory)
  return yield* relayIn(home, directory)
})

/** A home and a relay directory that the caller has created and removes. */
export const relayIn = Effect.fnUntraced(function* (home: string, directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const write = (file: string, content: unknown) => {
    const whole = path.join(directory, file)
    // Written aside and then moved, because a reader would report a half-written file as a problem.
    return fs
      .writeFileString(`${whole}.new`, typeof content === "string" ? content : JSON.stringify(content))
      .pipe(Effect.andThen(fs.rename(`${whole}.new`, whole)), Effect.as(whole), Effect.orDie)
  }
  let OPENCODE_SERVER_PASSWORD: string | undefined
  return {
    home,
    directory,
    environment: (variables = {}) =>
      withoutUndefined({
        PATH: process.env["PATH"],
        HOME: home,
        RELAY_REGISTRY_DIR: directory,
        OPENCODE_SERVER_PASSWORD,
        NODE_COMPILE_CACHE: compileCache,
        ...variables,
      }),
    write,
    register: (name, { api, directory: cwd, password, port }) => {
      if (api === 2) OPENCODE_SERVER_PASSWORD = password
      const usual = { name, hostname: "test-machine", port, cwd, connectedAt: "2026-11-24T12:00:00Z" }
      return write(`${name}.json`, api === 2 ? { ...usual, api } : usual)
    },
  } satisfies Relay as Relay
})
