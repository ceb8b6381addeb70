/** An opencode, a relay and this machine, all for one test: the files are real, opencode and ssh are in memory. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Exit, FileSystem, Layer, Schema, Scope } from "effect"
import { join, type Member } from "../../src/connect/join.ts"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import { RegistrationJson } from "../../src/discovery/relay/Registration.ts"
import { Settings, type SettingsValues } from "../../src/Settings.ts"
import { makeRelay } from "../discovery/relay/relay.ts"
import { overFake } from "../support/overFake.ts"
import { FakeSsh } from "./tunnel/FakeSsh.ts"

/** Its processes 1 to 99 run. */
export const here = {
  hostname: "laptop",
  isAlive: (pid: number) => pid < 100,
  birthOf: (pid: number) => `birth of ${pid}`,
  addresses: () => [],
}

export const services = Layer.mergeAll(NodeServices.layer, overFake).pipe((all) =>
  Layer.provideMerge(FakeSsh.layer, all),
)

const member: Member = { port: 4096, pid: 17, startedIn: "/work/started", connect: { pid: 3, log: "/state/log" } }

/** Two directories that nothing is in yet. */
export const makePlace = Effect.map(makeRelay, ({ parent }) => ({
  relayDirectory: `${parent}/registrations`,
  stateDirectory: `${parent}/state`,
}))

/** Joins in a scope of its own. */
export const joinIn = Effect.fnUntraced(function* (
  settings: Partial<SettingsValues> & Pick<SettingsValues, "relayDirectory">,
  more: Partial<Member> = {},
) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const { tunnel } = yield* join({ ...member, ...more }).pipe(
    Scope.provide(scope),
    Effect.provide(Settings.layerOf(settings)),
    Effect.provideService(LocalMachine, here),
  )
  return { tunnel, end: Scope.close(scope, Exit.void) }
})

const parse = Schema.decodeUnknownEffect(RegistrationJson)

/** The registrations in a directory, by the names of their files. */
export const registrationsIn = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  // As a scan does it: what has a dot in front is only being written.
  const files = (yield* fs.readDirectory(directory)).filter((file) => !file.startsWith("."))
  return Object.fromEntries(
    yield* Effect.forEach(files, (file) =>
      Effect.map(Effect.flatMap(fs.readFileString(`${directory}/${file}`), parse), (found) => [file, found] as const),
    ),
  )
})

/** Waits for what real files need real time for. */
export const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, until: (found: A) => boolean) =>
  Effect.yieldNow.pipe(Effect.andThen(look), Effect.repeat({ until, times: 5000 }))
