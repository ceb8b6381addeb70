/** An opencode, a relay and this machine for one test: real files; opencode and ssh in memory. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Exit, FileSystem, Layer, Schema, Scope } from "effect"
import { join, type JoinOptions } from "../../src/connect/join.ts"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import { RegistrationJson } from "../../src/discovery/relay/Registration.ts"
import { makeRelay } from "../discovery/relay/relay.ts"
import { overFake } from "../support/overFake.ts"
import { FakeSsh } from "./tunnel/FakeSsh.ts"

/** A machine on which the processes 1 to 99 are running. */
export const laptop = {
  hostname: "laptop",
  isAlive: (pid: number) => pid < 100,
  birthOf: (pid: number) => `birth of ${pid}`,
  addresses: () => [],
}

export const services = Layer.mergeAll(NodeServices.layer, overFake).pipe((all) =>
  Layer.provideMerge(FakeSsh.layerNoDeps, all),
)

const opencode = { port: 4096, pid: 17, startedIn: "/work/started", connect: { pid: 3, log: "/state/log" } }

/** Two directories that do not exist yet. */
export const makeDirectories = Effect.map(makeRelay, ({ parent }) => ({
  relayDirectory: `${parent}/registrations`,
  stateDirectory: `${parent}/state`,
}))

/** Joins in a scope of its own. */
export const joinIn = Effect.fnUntraced(function* (
  options: Partial<JoinOptions> & Pick<JoinOptions, "relayDirectory" | "stateDirectory">,
) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const { tunnel } = yield* join({ ...opencode, ...options }).pipe(
    Scope.provide(scope),
    Effect.provideService(LocalMachine, laptop),
  )
  return { tunnel, end: Scope.close(scope, Exit.void) }
})

const parse = Schema.decodeUnknownEffect(RegistrationJson)

/** The registrations in a directory by file name. */
export const registrationsIn = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  // Like a scan: a file with a leading dot is still being written.
  const files = (yield* fs.readDirectory(directory)).filter((file) => !file.startsWith("."))
  return Object.fromEntries(
    yield* Effect.forEach(files, (file) =>
      Effect.map(
        Effect.flatMap(fs.readFileString(`${directory}/${file}`), parse),
        (registration) => [file, registration] as const,
      ),
    ),
  )
})

/** Waits in real time, because real files need it. */
export const eventually = <A, E, R>(read: Effect.Effect<A, E, R>, until: (value: A) => boolean) =>
  Effect.yieldNow.pipe(Effect.andThen(read), Effect.repeat({ until, times: 5000 }))
