/** Helpers for tests of registrations. */
import { assert } from "@effect/vitest"
import { Effect, FileSystem, PlatformError, Schema } from "effect"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { type Registration, RegistrationJson } from "../../../src/discovery/relay/Registration.ts"
import { register, RegistrationFailed } from "../../../src/discovery/relay/RegistrationFiles.ts"

/** On this machine, processes with ids below 100 are alive. */
export const here = { hostname: "here", isAlive: (pid: number) => pid < 100 }

export const dead = 4711

export const registration = (name: string, rest: Partial<Registration> = {}): Registration => ({
  name,
  hostname: "here",
  port: 4096,
  cwd: "/work/api",
  pid: 1,
  ...rest,
})

export const take = (directory: string, wanted: Registration) =>
  register(directory, wanted).pipe(Effect.provideService(LocalMachine, here))

const parse = Schema.decodeUnknownEffect(RegistrationJson)

export const read = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.flatMap(fs.readFileString(file), parse))

export const modeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777))

export const filesIn = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.map(fs.readDirectory(directory), (names) => names.toSorted((one, other) => (one < other ? -1 : 1))),
  )

/** Runs an effect with some methods of the file system replaced. */
export const altered =
  (change: (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(FileSystem.FileSystem, (fs) =>
      Effect.provideService(effect, FileSystem.FileSystem, { ...fs, ...change(fs) }),
    )

export const denied = (method: string) =>
  Effect.fail(PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method }))

export const failure = <A, R>(effect: Effect.Effect<A, unknown, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, RegistrationFailed)
    assert.notMatch(error.message, /\n/u)
    assert.include(error.message, error.directory)
    return error.message
  })
