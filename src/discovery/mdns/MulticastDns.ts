/** Asking and hearing what is announced on the local network: the one file that knows the library and the socket. */
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
import { createSocket } from "node:dgram"
import { line } from "../../text/plainText.ts"
import { askedFrom, type LocalNetwork, LocalNetworks } from "./localNetworks.ts"

/** One sentence with the way out. */
export class MulticastDnsError extends Schema.TaggedError<MulticastDnsError>()("MulticastDnsError", {
  message: Schema.String,
}) {}

export interface Question {
  readonly type: "PTR" | "SRV"
  readonly name: string
}

export interface Response {
  /** Who has sent it. */
  readonly address: string
  /** As the library has read them, whatever they are: answers, then what was sent along. */
  readonly records: ReadonlyArray<unknown>
}

const group = "224.0.0.251"

/** Bytes: no packet may be longer (RFC 6762, section 17). */
const longestPacket = 9000

/** Responses that wait to be read; of more, the newest stay. Several hundred records may be in each. */
const mostWaiting = 64

/** How often is looked whether the machine has moved to another network. */
const networksSeen = Schedule.spaced("5 seconds")

const again = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("60 seconds")])

const longestSend = "2 seconds"

type Library = typeof import("multicast-dns")

export interface MulticastDnsOptions {
  readonly load: () => Promise<{ readonly default: Library }>
  readonly port: number
}

const failed = (what: string) => (cause: unknown) =>
  new MulticastDnsError({ message: `${what}: ${line(cause instanceof Error ? cause.message : String(cause))}` })

const notHeard = failed("cannot listen on UDP port 5353, where services are announced")
const notAsked = failed("cannot ask the network; a firewall or a VPN may keep multicast from it")

/** A socket that hears all of these networks, until the scope closes. */
const open = Effect.fnUntraced(function* (
  networks: ReadonlyArray<LocalNetwork>,
  hear: (response: Response) => void,
  { load, port }: MulticastDnsOptions,
) {
  const { default: multicastDns } = yield* Effect.tryPromise({
    try: load,
    catch: () =>
      new MulticastDnsError({ message: "needs the npm package multicast-dns, which is not there: npm install it" }),
  })
  if (networks.length === 0)
    return yield* new MulticastDnsError({
      message: "hears nobody, for this machine is on no network. It listens again when it is",
    })
  const broken = yield* Deferred.make<never, MulticastDnsError>()
  const ready = yield* Deferred.make<void>()
  const { dns, socket } = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const socket = createSocket({ type: "udp4", reuseAddr: true })
        // It would join the networks by itself, look for new ones every few seconds, and only ask the first of them.
        return { socket, dns: multicastDns({ socket, port, multicast: false }) }
      },
      catch: notHeard,
    }),
    ({ dns }) => Effect.callback<void>((resume) => dns.destroy(() => resume(Effect.void))),
  )
  const onError = (error: Error) => Deferred.doneUnsafe(broken, Effect.fail(notHeard(error)))
  socket.on("error", onError)
  dns.on("error", onError)
  dns.on("ready", () => Deferred.doneUnsafe(ready, Effect.void))
  dns.on("response", ({ additionals = [], answers = [] }, { address, size }) => {
    if (size <= longestPacket) hear({ address, records: [...answers, ...additionals] })
  })
  const failure = Deferred.await(broken)
  yield* Effect.raceFirst(Deferred.await(ready), failure)

  const join = (address: string) => Effect.try({ try: () => socket.addMembership(group, address), catch: notHeard })
  yield* Effect.try({ try: () => socket.setMulticastTTL(255), catch: notHeard })
  // Two addresses may be of one interface, which is joined once.
  yield* someOf(networks.map(({ address }) => join(address)))

  const ask = (questions: ReadonlyArray<Question>) =>
    someOf(
      askedFrom(networks).map(({ address }) =>
        Effect.andThen(
          Effect.try({ try: () => socket.setMulticastInterface(address), catch: notAsked }),
          Effect.callback<void, MulticastDnsError>((resume) =>
            dns.query([...questions], { address: group, port }, (error) =>
              resume(error === null || error === undefined ? Effect.void : Effect.fail(notAsked(error))),
            ),
          ),
        ),
      ),
    )
  return { ask, failure }
})

/** All of them, one after the other. It fails only if each does. */
const someOf = Effect.fnUntraced(function* (attempts: ReadonlyArray<Effect.Effect<void, MulticastDnsError>>) {
  const results = yield* Effect.forEach(attempts, Effect.result)
  const [first] = results
  if (first !== undefined && results.every(Result.isFailure)) yield* Effect.fromResult(first)
})

type Opened = Effect.Success<ReturnType<typeof open>>

export class MulticastDns extends Context.Service<
  MulticastDns,
  {
    /** Asks all who are on the networks of this machine. */
    readonly query: (questions: ReadonlyArray<Question>) => Effect.Effect<void, MulticastDnsError>
    /** What is answered and announced. For one who listens. */
    readonly responses: Stream.Stream<Response>
    /** Says each time that the networks are heard anew: at the start, after trouble, and after the machine has moved. */
    readonly opened: Stream.Stream<void>
  }
>()("opencode-fleet/fleet/mdns/MulticastDns") {
  static readonly layerWith = (options: MulticastDnsOptions) =>
    Layer.effect(
      MulticastDns,
      Effect.gen(function* () {
        const localNetworks = yield* LocalNetworks
        const responses = yield* Queue.sliding<Response>(mostWaiting)
        const opened = yield* Effect.acquireRelease(PubSub.sliding<void>({ capacity: 1, replay: 1 }), PubSub.shutdown)
        const lock = yield* Semaphore.make(1)
        const first = yield* Deferred.make<Opened, MulticastDnsError>()
        let current = Deferred.await(first)

        const settle = (socket: Exit.Exit<Opened, MulticastDnsError>) =>
          Effect.suspend(() => {
            current = socket
            return Deferred.done(first, socket)
          })

        /** Until it breaks, or the machine is on other networks. */
        const listen = Effect.gen(function* () {
          const networks = yield* localNetworks
          const before = JSON.stringify(networks)
          const socket = yield* open(networks, (response) => Queue.offerUnsafe(responses, response), options)
          yield* settle(Exit.succeed(socket))
          yield* PubSub.publish(opened, undefined)
          const moved = Effect.repeat(localNetworks, {
            until: (now) => JSON.stringify(now) !== before,
            schedule: networksSeen,
          })
          yield* Effect.raceFirst(moved, socket.failure)
        }).pipe(Effect.scoped)

        yield* listen.pipe(
          Effect.tapError((error) => settle(Exit.fail(error))),
          Effect.retry(again),
          Effect.forever,
          Effect.forkScoped,
        )

        const query = (questions: ReadonlyArray<Question>) =>
          Effect.suspend(() => current).pipe(
            Effect.flatMap(({ ask }) => lock.withPermits(1)(ask(questions))),
            Effect.timeoutOrElse({
              duration: longestSend,
              orElse: () => Effect.fail(notAsked(`nothing went out within ${longestSend}`)),
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
