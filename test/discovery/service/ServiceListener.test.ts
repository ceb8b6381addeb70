/** Which process listens at an address: over real sockets, and over simulated tables of the system. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option } from "effect"
import { createServer } from "node:net"
import * as Listeners from "../../../src/discovery/service/ServiceListener.ts"
import { type ServiceAddress, ServiceListener } from "../../../src/discovery/service/ServiceListener.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { LinkTargets } from "../../../src/machine/LinkTargets.ts"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"
import { close, freePort, listen } from "../../support/loopback.ts"

const check = (
  address: ServiceAddress,
  altered: Layer.Layer<never> | Layer.Layer<FileSystem.FileSystem> = Layer.empty,
) =>
  Effect.flatMap(ServiceListener, (listener) => listener.check(address)).pipe(
    Effect.provide(Listeners.layer.pipe(Layer.provide(altered))),
  )

const listening = Effect.suspend(() => {
  const server = createServer()
  return Effect.acquireRelease(listen(server), () => close(server))
})

const host = "127.0.0.1"

/** Beyond the largest process id of Linux. */
const exitedPid = 4_194_305

/** Without `/proc`, as on macOS. */
const withoutProc = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs) => ({
    ...fs,
    readFileString: (path, encoding) => fs.readFileString(path.startsWith("/proc/") ? "/nowhere" : path, encoding),
  })),
) satisfies Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem>

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

/** A row of `/proc/net/tcp` for port 49375, by address, user and inode. */
const row = (address: string, user: number, inode: number) =>
  `   0: ${address}:C0DF 00000000:0000 0A 00000000:00000000 00:00000000 00000000  ${user}        0 ${inode} 1 0000 100 0 0 10 0\n`

const loopback = "0100007F"
const everywhere = "00000000"

/** A machine on which process 17 of user 7 has the socket 1, and these sockets listen. */
const machine = (rows: string) =>
  Layer.mergeAll(
    Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) => ({
        ...fs,
        readFileString: (path) => Effect.succeed(path === "/proc/net/tcp" ? head + rows : head),
        readDirectory: () => Effect.succeed(["3"]),
        stat: (path) =>
          Effect.map(fs.stat("/"), (info) => ({ ...info, uid: Option.some(path === "/proc/17" ? 7 : 0) })),
      })),
    ),
    Layer.succeed(LinkTargets, (_directory, names) => Effect.succeed(names.map(() => "socket:[1]"))),
    Layer.succeed(CurrentUser, Option.some(7)),
    Layer.succeed(LocalMachine, {
      hostname: "laptop",
      isAlive: (pid) => pid < 1000,
      birthOf: (pid) => `birth of ${pid}`,
      addresses: () => [],
    }),
  ) satisfies Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem>

layer(NodeServices.layer, { excludeTestServices: true })("The listener of a service", (it) => {
  it.effect("is this process, and no other process counts as it", () =>
    Effect.gen(function* () {
      const port = yield* listening
      const own = yield* check({ pid: process.pid, host, port })
      assert.deepInclude(own, { _tag: "Listening" })
      assert.deepStrictEqual(yield* check({ pid: process.ppid, host, port }), { _tag: "Foreign" })
      assert.deepStrictEqual(yield* check({ pid: exitedPid, host, port }), { _tag: "Foreign" })
      const free = yield* freePort
      assert.deepStrictEqual(yield* check({ pid: process.pid, host, port: free }), { _tag: "NotListening" })
      assert.deepStrictEqual(yield* check({ pid: exitedPid, host, port: free }), { _tag: "Exited" })
    }),
  )

  it.effect.each([
    ["its own socket", row(loopback, 7, 1), "Listening"],
    ["its own socket for all addresses", row(everywhere, 7, 1), "Listening"],
    ["its own socket beside another one at another address", row(loopback, 7, 1) + row("0200007F", 8, 2), "Listening"],
    ["a socket of another process of the user", row(loopback, 7, 2), "Foreign"],
    ["a socket of another user", row(loopback, 8, 2), "Foreign"],
    [
      "another user's socket, which takes precedence at the address",
      row(everywhere, 7, 1) + row(loopback, 8, 2),
      "Foreign",
    ],
    ["a port that two processes share", row(loopback, 7, 1) + row(loopback, 7, 2), "Foreign"],
    ["no socket", "", "NotListening"],
  ])("with %s", ([, rows = "", verdict]) =>
    Effect.gen(function* () {
      const simulated = machine(rows).pipe(Layer.provide(NodeServices.layer))
      assert.strictEqual((yield* check({ pid: 17, host, port: 49_375 }, simulated))._tag, verdict)
    }),
  )

  it.effect("that belongs to a process of another user counts as foreign", () =>
    Effect.gen(function* () {
      const simulated = machine(row(loopback, 7, 1)).pipe(Layer.provide(NodeServices.layer))
      assert.strictEqual((yield* check({ pid: 18, host, port: 49_375 }, simulated))._tag, "Foreign")
    }),
  )

  it.effect("is told by lsof where there is no /proc, or unknown", () =>
    Effect.gen(function* () {
      const port = yield* listening
      const simulated = withoutProc.pipe(Layer.provide(NodeServices.layer))
      const { _tag } = yield* check({ pid: process.pid, host, port }, simulated)
      assert.oneOf(_tag, ["Listening", "Unknown"])
      assert.notStrictEqual((yield* check({ pid: exitedPid, host, port }, simulated))._tag, "Listening")
    }),
  )
})
