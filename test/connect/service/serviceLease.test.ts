/** The lease that lets one `connect` of several keep the tunnel of a service. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Scope } from "effect"
import { leaseFile, readLeases, takeLease } from "../../../src/connect/service/serviceLease.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"

const tunnel = { relay: "ssh relay", state: "waiting", since: "2026-11-28T22:00:00.000Z", reason: "no route" } as const

/** A machine on which these processes are running. */
const makeScene = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const stateDirectory = yield* fs.makeTempDirectoryScoped()
  const alive = new Set([1, 2])
  const machine = {
    hostname: "laptop",
    isAlive: (pid: number, birth?: string) => alive.has(pid) && (birth === undefined || birth === `birth of ${pid}`),
    birthOf: (pid: number) => `birth of ${pid}`,
    addresses: () => [],
  }
  return {
    directory: `${stateDirectory}/connect/relays`,
    alive,
    take: (pid: number, relay = "ssh relay") =>
      takeLease({
        stateDirectory,
        kind: "relays",
        file: leaseFile("laptop", relay),
        holder: { name: "laptop", pid, log: `/log/${pid}` },
        onWait: () => Effect.void,
      }).pipe(Effect.provideService(LocalMachine, machine)),
    holders: Effect.map(readLeases(stateDirectory), (leases) => leases.map(({ pid }) => pid)),
    leases: readLeases(stateDirectory),
  }
})

layer(NodeServices.layer, { excludeTestServices: true })("a lease", (it) => {
  it.effect("is held by one process per relay; the next takes it when the first ends", () =>
    Effect.gen(function* () {
      const { holders, take } = yield* makeScene
      const first = yield* Scope.make()
      yield* Scope.provide(take(1), first)
      const waiting = yield* Effect.forkChild(take(2))
      yield* take(2, "ssh other")
      assert.deepStrictEqual((yield* holders).toSorted(), [1, 2])
      yield* Scope.close(first, Exit.void)
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* holders, [2, 2])
    }),
  )

  it.effect("of a killed process, or in a file that cannot be read, is taken at once", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { alive, directory, holders, take } = yield* makeScene
      yield* Scope.provide(take(1), yield* Scope.make())
      alive.delete(1)
      yield* Effect.scoped(take(2))
      assert.deepStrictEqual(yield* holders, [])
      yield* Scope.provide(take(2), yield* Scope.make())
      const [file = ""] = yield* fs.readDirectory(directory)
      yield* fs.writeFileString(`${directory}/${file}`, "half a li")
      yield* take(2)
      assert.deepStrictEqual(yield* holders, [2])
    }),
  )

  it.effect("of another process with the same id, such as before a reboot, is taken at once", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, leases, take } = yield* makeScene
      yield* Scope.provide(take(1), yield* Scope.make())
      const [file = ""] = yield* fs.readDirectory(directory)
      const text = yield* fs.readFileString(`${directory}/${file}`)
      yield* fs.writeFileString(`${directory}/${file}`, text.replace("birth of 1", "birth before"))
      yield* take(2)
      assert.deepInclude((yield* leases)[0], { pid: 2, log: "/log/2" })
    }),
  )

  it.effect("holds the tunnel's state, in a file that only its user can read", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { leases, take } = yield* makeScene
      const { write } = yield* take(1)
      yield* write({ tunnel })
      const [lease] = yield* leases
      assert.deepInclude(lease, { name: "laptop", pid: 1, log: "/log/1", tunnel })
      assert.strictEqual((yield* fs.stat(lease?.file ?? "")).mode & 0o777, 0o600)
    }),
  )
})
