/** Sends and receives mDNS packets on the local networks. The only module that uses the library and the socket. */
import {
  Context,
  Deferred,
  Effect,
  Exit,
  Layer,
  PubSub,
  Queue,
  Result,
  Schedule,
  Schema,
  Semaphore,
  Stream,
} from "effect"
import { createSocket, type Socket } from "node:dgram"
import { line } from "../../text/plainText.ts"
import { queriedNetworks, type LocalNetwork, LocalNetworks } from "./localNetworks.ts"

/** The message is one sentence that continues after the word "mdns" and says how to fix the problem. */
export class MulticastDnsError extends Schema.TaggedError<MulticastDnsError>()("MulticastDnsError", {
  message: Schema.String,
}) {}

export interface Question {
  readonly type: "PTR" | "SRV"
  readonly name: string
}

export interface Response {
  /** The sender's address. */
  readonly address: string
  /** Untrusted records as decoded by the library: the answers, then the additional records. */
  readonly records: ReadonlyArray<unknown>
}

const group = "224.0.0.251"

/** Longest valid packet (RFC 6762, section 17). */
const maxPacketBytes = 9000

/** Maximum number of unread responses; the newest are kept. Each may contain several hundred records. */
const maxUnreadResponses = 64

/** How often to check whether the machine has moved to another network. */
const networkPolling = Schedule.spaced("5 seconds")

const reopening = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("60 seconds")])

const sendTimeout = "2 seconds"

/** What is used of an mDNS socket of the npm package `multicast-dns`. */
interface LibrarySocket {
  on(event: "error", listener: (error: Error) => void): unknown
  on(event: "ready", listener: () => void): unknown
  on(
    event: "response",
    listener: (
      packet: { readonly answers?: ReadonlyArray<unknown>; readonly additionals?: ReadonlyArray<unknown> },
      sender: { readonly address: string; readonly size: number },
    ) => void,
  ): unknown
  query(
    questions: Array<Question>,
    receiver: { readonly address: string; readonly port: number },
    callback: (error: Error | null) => void,
  ): void
  destroy(callback: () => void): void
}

/**
 * The npm package `multicast-dns`, which is an optional peer dependency. Declared here because programs without it must be
 * able to check the types of this package.
 */
type Library = (options: {
  readonly socket: Socket
  readonly port: number
  readonly multicast: boolean
}) => LibrarySocket

export interface MulticastDnsOptions {
  readonly load: () => Promise<{ readonly default: Library }>
  readonly port: number
}

const failure = (what: string) => (cause: unknown) =>
  new MulticastDnsError({ message: `${what}: ${line(cause instanceof Error ? cause.message : String(cause))}` })

const listenFailure = failure("cannot listen on UDP port 5353, where services are announced")
const queryFailure = failure("cannot query the network; a firewall or a VPN may block multicast")

/** Opens a socket on all of these networks until the scope closes. */
const open = Effect.fnUntraced(function* (
  networks: ReadonlyArray<LocalNetwork>,
  onResponse: (response: Response) => void,
  { load, port }: MulticastDnsOptions,
) {
  const { default: multicastDns } = yield* Effect.tryPromise({
    try: load,
    catch: () =>
      new MulticastDnsError({ message: "needs the npm package multicast-dns: run npm install multicast-dns" }),
  })
  if (networks.length === 0)
    return yield* new MulticastDnsError({
      message: "cannot listen because this machine is on no network; it retries when a network is available",
    })
  const broken = yield* Deferred.make<never, MulticastDnsError>()
  const ready = yield* Deferred.make<void>()
  const { dns, socket } = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const socket = createSocket({ type: "udp4", reuseAddr: true })
        // With `multicast: true` the library would join the networks itself, but send questions only to the first one.
        return { socket, dns: multicastDns({ socket, port, multicast: false }) }
      },
      catch: listenFailure,
    }),
    ({ dns }) => Effect.callback<void>((resume) => dns.destroy(() => resume(Effect.void))),
  )
  const onError = (error: Error) => Deferred.doneUnsafe(broken, Effect.fail(listenFailure(error)))
  socket.on("error", onError)
  dns.on("error", onError)
  dns.on("ready", () => Deferred.doneUnsafe(ready, Effect.void))
  dns.on("response", ({ additionals = [], answers = [] }, { address, size }) => {
    if (size <= maxPacketBytes) onResponse({ address, records: [...answers, ...additionals] })
  })
  const failure = Deferred.await(broken)
  yield* Effect.raceFirst(Deferred.await(ready), failure)

  const join = (address: string) =>
    Effect.try({ try: () => socket.addMembership(group, address), catch: listenFailure })
  yield* Effect.try({ try: () => socket.setMulticastTTL(255), catch: listenFailure })
  // Joining an interface twice fails, and two addresses may belong to the same one.
  yield* succeedAny(networks.map(({ address }) => join(address)))

  const query = (questions: ReadonlyArray<Question>) =>
    succeedAny(
      queriedNetworks(networks).map(({ address }) =>
        Effect.andThen(
          Effect.try({ try: () => socket.setMulticastInterface(address), catch: queryFailure }),
          Effect.callback<void, MulticastDnsError>((resume) =>
            dns.query([...questions], { address: group, port }, (error) =>
              resume(error === null || error === undefined ? Effect.void : Effect.fail(queryFailure(error))),
            ),
          ),
        ),
      ),
    )
  return { query, failure }
})

/** Runs all attempts in sequence. Fails with the first error only if every attempt fails. */
const succeedAny = Effect.fnUntraced(function* (attempts: ReadonlyArray<Effect.Effect<void, MulticastDnsError>>) {
  const results = yield* Effect.forEach(attempts, Effect.result)
  const [first] = results
  if (first !== undefined && results.every(Result.isFailure)) yield* Effect.fromResult(first)
})

type Opened = Effect.Success<ReturnType<typeof open>>

export class MulticastDns extends Context.Service<
  MulticastDns,
  {
    /** Sends the questions to all networks of this machine. */
    readonly query: (questions: ReadonlyArray<Question>) => Effect.Effect<void, MulticastDnsError>
    /** All responses, for a single consumer. */
    readonly responses: Stream.Stream<Response>
    /** Emits whenever the socket was opened: at the start, after a failure, and after a change of networks. */
    readonly opened: Stream.Stream<void>
  }
>()("opencode-fleet/discovery/mdns/MulticastDns") {
  static readonly layerWith = (options: MulticastDnsOptions) =>
    Layer.effect(
      MulticastDns,
      Effect.gen(function* () {
        const localNetworks = yield* LocalNetworks
        const responses = yield* Queue.sliding<Response>(maxUnreadResponses)
        const opened = yield* Effect.acquireRelease(PubSub.sliding<void>({ capacity: 1, replay: 1 }), PubSub.shutdown)
        const lock = yield* Semaphore.make(1)
        const first = yield* Deferred.make<Opened, MulticastDnsError>()
        let current = Deferred.await(first)

        const settle = (socket: Exit.Exit<Opened, MulticastDnsError>) =>
          Effect.suspend(() => {
            current = socket
            return Deferred.done(first, socket)
          })

        /** Listens until the socket fails or the networks change. */
        const listen = Effect.gen(function* () {
          const networks = yield* localNetworks
          const before = JSON.stringify(networks)
          const socket = yield* open(networks, (response) => Queue.offerUnsafe(responses, response), options)
          yield* settle(Exit.succeed(socket))
          yield* PubSub.publish(opened, undefined)
          const moved = Effect.repeat(localNetworks, {
            until: (now) => JSON.stringify(now) !== before,
            schedule: networkPolling,
          })
          yield* Effect.raceFirst(moved, socket.failure)
        }).pipe(Effect.scoped)

        yield* listen.pipe(
          Effect.tapError((error) => settle(Exit.fail(error))),
          Effect.retry(reopening),
          Effect.forever,
          Effect.forkScoped,
        )

        const query = (questions: ReadonlyArray<Question>) =>
          Effect.suspend(() => current).pipe(
            Effect.flatMap((socket) => lock.withPermits(1)(socket.query(questions))),
            Effect.timeoutOrElse({
              duration: sendTimeout,
              orElse: () => Effect.fail(queryFailure(`nothing was sent within ${sendTimeout}`)),
            }),
          )
        return MulticastDns.of({
          query,
          responses: Stream.fromQueue(responses),
          opened: Stream.fromPubSub(opened),
        })
      }),
    )

  static readonly layer = MulticastDns.layerWith({ load: () => import("multicast-dns"), port: 5353 })
}
