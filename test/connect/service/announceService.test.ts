/** What is written about opencode 2's service into a database and on a relay. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted, Schema, Scope } from "effect"
import { announceService } from "../../../src/connect/service/announceService.ts"
import { keepOnRelay } from "../../../src/connect/service/keepOnRelay.ts"
import { LocalService, type ServiceState } from "../../../src/connect/service/LocalService.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { eventually, laptop, makeDirectories, services } from "../joining.ts"
import { announced, recording } from "../recordingDatabase.ts"
import { FakeSsh } from "../tunnel/FakeSsh.ts"
import { seconds } from "../tunnel/tunnel.ts"

const credentials = { username: "opencode", password: Redacted.make("own") }

const runningAt = (url: string): ServiceState => ({
  _tag: "Running",
  target: { url, instance: "laptop", api: 2, credentials },
  credentials,
  file: "/state/service.json",
})

/** A machine with opencode's service, whose state changes. */
const startingAs = (first: ServiceState) => {
  let state = first
  return {
    become: (next: ServiceState) => {
      state = next
    },
    machine: Layer.merge(
      Layer.succeed(LocalService, { state: Effect.sync(() => state) }),
      Layer.succeed(LocalMachine, laptop),
    ),
  }
}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Struct({ id: Schema.String })))

describe("opencode's service in a registry", () => {
  it.effect("is the same instance on the relay, and is announced where it listens now", () => {
    const service = startingAs(runningAt("http://127.0.0.1:5001"))
    return Effect.gen(function* () {
      const { stateDirectory } = yield* makeDirectories
      const { database, of } = recording()
      yield* announceService({ stateDirectory, registry: { database } })
      yield* announced(of)
      const [[id, name, , , localUrl] = []] = of("insert")
      assert.deepStrictEqual([name, localUrl], ["laptop", "http://127.0.0.1:5001"])
      service.become(runningAt("http://127.0.0.1:5002"))
      yield* seconds(15)
      assert.strictEqual(of("insert")[1]?.[4], "http://127.0.0.1:5002")
      // Others learn the new address at once.
      assert.lengthOf(of("notify"), 2)

      const relay = { command: "ssh me@relay" }
      yield* keepOnRelay({ stateDirectory, relay, credentials })
      const { files } = yield* FakeSsh
      const [json] = yield* eventually(
        Effect.sync(() => [...files.values()]),
        ({ length }) => length > 0,
      )
      assert.deepStrictEqual(yield* decode(json), { id })
    }).pipe(Effect.scoped, Effect.provide([services, service.machine]))
  })

  it.effect("has no heartbeat while the service is not running, and is announced at once when it is back", () => {
    const service = startingAs(runningAt("http://127.0.0.1:5001"))
    return Effect.gen(function* () {
      const { stateDirectory } = yield* makeDirectories
      const { database, of } = recording()
      yield* announceService({ stateDirectory, registry: { database } })
      yield* announced(of)
      service.become({ _tag: "Away", reason: "is not running" })
      const before = of("insert").length
      yield* seconds(60)
      assert.lengthOf(of("insert"), before)
      service.become(runningAt("http://127.0.0.1:5001"))
      yield* seconds(3)
      assert.isAbove(of("insert").length, before)
      // Servers that have seen it silent are told.
      assert.lengthOf(of("notify"), 2)
    }).pipe(Effect.scoped, Effect.provide([services, service.machine]))
  })

  it.effect("is announced by one `connect`, under its name, and by the next one when that ends", () => {
    const machine = Layer.merge(
      Layer.succeed(LocalService, { state: Effect.succeed(runningAt("http://127.0.0.1:5001")) }),
      Layer.succeed(LocalMachine, { ...laptop, isAlive: () => true }),
    )
    return Effect.gen(function* () {
      const { stateDirectory } = yield* makeDirectories
      const { database, of } = recording()
      const first = yield* Scope.make()
      const announce = (name: string, pid: number) =>
        announceService({ name, stateDirectory, registry: { database }, connect: { pid, log: "" } })
      const names = Effect.sync(() => of("insert").map(([, name]) => name))
      yield* Scope.provide(announce("one", 1), first)
      yield* announced(of)
      yield* announce("two", 2)
      yield* seconds(60)
      assert.deepStrictEqual(new Set(yield* names), new Set(["one"]))
      yield* Scope.close(first, Exit.void)
      yield* eventually(Effect.andThen(seconds(2), names), (all) => all.includes("two"))
      assert.lengthOf(of("delete"), 1)
    }).pipe(Effect.scoped, Effect.provide([services, machine]))
  })
})
