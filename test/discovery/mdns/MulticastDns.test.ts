/** The library over real sockets, on the loopback network and a port of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Queue, Scope, Stream } from "effect"
import multicastDns from "multicast-dns"
import { createSocket, type Socket } from "node:dgram"
import { LocalNetworks } from "../../../src/discovery/mdns/localNetworks.ts"
import { MulticastDns, type MulticastDnsOptions } from "../../../src/discovery/mdns/MulticastDns.ts"
import { browseQuestion } from "../../../src/discovery/mdns/records.ts"
import { eventuallySucceeds } from "../../support/eventually.ts"
import { within } from "../../support/patience.ts"

const errors = {
  missing: new Error("Cannot find package"),
  down: new Error("recvmsg ENETDOWN"),
  gone: new Error("setMulticastInterface EADDRNOTAVAIL"),
}

const loopback = { address: "127.0.0.1", prefix: 8, internal: true }

const bind = (socket: Socket, port = 0) =>
  Effect.callback<number, Error>((resume) => {
    socket.once("error", (error) => resume(Effect.fail(error)))
    socket.bind(port, () => resume(Effect.sync(() => socket.address().port)))
  })

const udp = (options: { readonly reuseAddr: boolean }) =>
  Effect.acquireRelease(
    Effect.sync(() => createSocket({ type: "udp4", ...options })),
    (socket) => Effect.ignore(Effect.try(() => socket.close())),
  )

const freePort = Effect.scoped(Effect.flatMap(udp({ reuseAddr: false }), (socket) => bind(socket)))

const answer = (name: string) => ({
  type: "response" as const,
  answers: [{ type: "PTR" as const, name: browseQuestion.name, ttl: 120, data: `${name}.${browseQuestion.name}` }],
})

/** The service on a port of its own, and another socket that sends to it. */
const start = Effect.fnUntraced(function* (change: Partial<MulticastDnsOptions> = {}) {
  const port = change.port ?? (yield* freePort)
  let networks = [loopback]
  const made: Array<Socket> = []
  const load: MulticastDnsOptions["load"] = async () => ({
    default: (options) => {
      if (options?.socket !== undefined) made.push(options.socket)
      return multicastDns(options)
    },
  })
  const services = yield* Layer.build(
    MulticastDns.layerWith({ load, port, ...change }).pipe(
      Layer.provide(
        Layer.succeed(
          LocalNetworks,
          Effect.sync(() => networks),
        ),
      ),
    ),
  )
  const dns = Context.get(services, MulticastDns)
  const heard = yield* Queue.unbounded<{ readonly address: string; readonly names: ReadonlyArray<unknown> }>()
  yield* dns.responses.pipe(
    Stream.runForEach(({ address, records }) =>
      Queue.offer(heard, {
        address,
        names: records.map((record) => (record instanceof Object && "data" in record ? record.data : undefined)),
      }),
    ),
    Effect.forkScoped,
  )
  const opened = yield* Queue.unbounded<void>()
  yield* dns.opened.pipe(
    Stream.runForEach(() => Queue.offer(opened, undefined)),
    Effect.forkScoped,
  )
  const sender = yield* udp({ reuseAddr: false })
  yield* bind(sender)
  const voice = yield* Effect.acquireRelease(
    Effect.sync(() => multicastDns({ socket: sender, port: 0, multicast: false })),
    (voice) => Effect.callback<void>((resume) => voice.destroy(() => resume(Effect.void))),
  )
  return {
    dns,
    port,
    made,
    heard: Queue.take(heard).pipe(within("a response")),
    opened: Queue.take(opened).pipe(within("an open socket")),
    say: (name: string) => Effect.sync(() => voice.respond(answer(name), { address: "127.0.0.1", port })),
    throwIn: (bytes: Uint8Array) => Effect.sync(() => sender.send(bytes, port, "127.0.0.1")),
    move: (now: typeof networks) => Effect.sync(() => (networks = now)),
  }
})

// They mostly wait for the intervals at which a socket is opened again.
describe("MulticastDns", { concurrent: true }, () => {
  it.live("receives responses and their senders", () =>
    Effect.gen(function* () {
      const { heard, opened, say } = yield* start()
      yield* opened
      yield* say("opencode-1")
      assert.deepStrictEqual(yield* heard, { address: "127.0.0.1", names: ["opencode-1._http._tcp.local"] })
    }),
  )

  it.live("queries all participants, and receives their answers", () =>
    Effect.gen(function* () {
      const { dns, heard, port } = yield* start()
      const socket = yield* udp({ reuseAddr: true })
      const responder = multicastDns({ socket, port, interface: "127.0.0.1", bind: "0.0.0.0" })
      responder.on("query", ({ questions }) => {
        if (questions?.[0]?.name === browseQuestion.name) responder.respond(answer("opencode-2"))
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => responder.destroy()))
      const names = yield* dns
        .query([browseQuestion])
        .pipe(Effect.andThen(Effect.timeout(heard, "200 millis")), eventuallySucceeds)
      assert.deepStrictEqual(names.names, ["opencode-2._http._tcp.local"])
    }),
  )

  it.live("survives invalid packets, and ignores packets above the maximum length", () =>
    Effect.gen(function* () {
      const { heard, opened, say, throwIn } = yield* start()
      yield* opened
      yield* throwIn(new Uint8Array(0))
      yield* throwIn(new Uint8Array(11))
      // It claims four times 65,535 records, and has none.
      yield* throwIn(new Uint8Array(12).fill(0xff))
      // A name that points at itself.
      yield* throwIn(Uint8Array.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 1, 0, 0]))
      yield* throwIn(Uint8Array.from({ length: 9001 }, (_, index) => (index === 2 ? 0x84 : 0)))
      yield* say("opencode-1")
      assert.deepStrictEqual((yield* heard).names, ["opencode-1._http._tcp.local"])
    }),
  )

  it.live("names the package to install if the library is missing, and starts once it is there", () =>
    Effect.gen(function* () {
      let installed = false
      const { dns, opened } = yield* start({
        load: () => (installed ? import("multicast-dns") : Promise.reject(errors.missing)),
      })
      const error = yield* Effect.flip(dns.query([browseQuestion]))
      assert.strictEqual(error._tag, "MulticastDnsError")
      assert.include(error.message, "npm install")
      installed = true
      yield* opened
      yield* dns.query([browseQuestion])
    }),
  )

  it.live("reports a port that another program holds exclusively, and listens once it is free", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const other = yield* Scope.provide(udp({ reuseAddr: false }), scope)
      const { dns, heard, opened, say } = yield* start({ port: yield* bind(other) })
      const error = yield* Effect.flip(dns.query([browseQuestion]))
      assert.match(error.message, /cannot listen on UDP port .*EADDRINUSE/u)
      yield* Scope.close(scope, Exit.void)
      yield* opened
      yield* say("opencode-1")
      yield* heard
    }),
  )

  it.live("replaces a socket that fails", () =>
    Effect.gen(function* () {
      const { dns, heard, made, opened, say } = yield* start()
      yield* opened
      made[0]?.emit("error", errors.down)
      yield* opened
      assert.lengthOf(made, 2)
      yield* dns.query([browseQuestion])
      yield* say("opencode-1")
      yield* heard
    }),
  )

  it.live("listens on new networks", () =>
    Effect.gen(function* () {
      const { dns, made, move, opened } = yield* start()
      yield* opened
      yield* move([])
      // Until it has noticed that, a query can fail for another reason.
      const error = yield* Effect.flip(dns.query([browseQuestion])).pipe(
        Effect.filterOrFail(({ message }) => message.includes("on no network")),
        eventuallySucceeds,
      )
      assert.include(error.message, "on no network")
      yield* move([loopback])
      yield* opened
      assert.lengthOf(made, 2)
      yield* dns.query([browseQuestion])
    }),
  )

  it.live("names the likely cause if a question cannot be sent", () =>
    Effect.gen(function* () {
      const { dns, made, opened } = yield* start()
      yield* opened
      const [socket] = made
      if (socket !== undefined) {
        socket.setMulticastInterface = () => {
          throw errors.gone
        }
      }
      const error = yield* Effect.flip(dns.query([browseQuestion]))
      assert.include(error.message, "a firewall or a VPN")
      assert.include(error.message, "EADDRNOTAVAIL")
    }),
  )

  it.live("closes the port with the scope", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(
        Effect.gen(function* () {
          const { opened, port } = yield* start()
          yield* opened
          return port
        }),
      )
      assert.strictEqual(yield* bind(yield* udp({ reuseAddr: false }), port), port)
    }),
  )
})
