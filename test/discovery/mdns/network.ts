/** A simulated local network. */
import { Clock, Context, Effect, Fiber, Layer, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Announcement, Discovery, type Scan } from "../../../src/discovery/Discovery.ts"
import {
  Identification,
  type IdentificationRequest,
  type Verdict,
} from "../../../src/discovery/identification/Identification.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { type LocalNetwork, LocalNetworks } from "../../../src/discovery/mdns/localNetworks.ts"
import * as Mdns from "../../../src/discovery/mdns/Mdns.ts"
import {
  MulticastDns,
  MulticastDnsError,
  type Question,
  type Response,
} from "../../../src/discovery/mdns/MulticastDns.ts"
import { silent } from "../verdicts.ts"

export const kind = "_http._tcp.local"

export const pointer = (label: string, ttl = 28_800) => ({
  type: "PTR",
  name: kind,
  ttl,
  class: "IN",
  flush: false,
  data: `${label}.${kind}`,
})

export const location = (label: string, port: number, ttl = 120, target = "opencode.local") => ({
  type: "SRV",
  name: `${label}.${kind}`,
  ttl,
  class: "IN",
  flush: false,
  data: { priority: 0, weight: 0, port, target },
})

/** The records that opencode sends, including unused ones. */
export const announced = (label: string, port: number, ttl = 120, target = "opencode.local") => [
  pointer(label, ttl === 0 ? 0 : 28_800),
  location(label, port, ttl, target),
  { type: "TXT", name: `${label}.${kind}`, ttl, class: "IN", flush: false, data: [Buffer.from("path=/")] },
  { type: "A", name: target, ttl, class: "IN", flush: false, data: "10.9.9.9" },
]

const home: ReadonlyArray<LocalNetwork> = [
  { address: "127.0.0.1", prefix: 8, internal: true },
  { address: "192.168.1.2", prefix: 24, internal: false },
]

export interface Network {
  /** The result of the first scan. */
  readonly first: Scan
  /** Scans again. The clock stands still, so the scan must not wait. */
  readonly scan: Effect.Effect<Scan>
  /** By URL, as the next scan finds them. */
  readonly find: Effect.Effect<Readonly<Record<string, Announcement>>>
  /** Delivers a packet. */
  readonly send: (address: string, ...records: ReadonlyArray<unknown>) => Effect.Effect<void>
  /** How many changes the transport has emitted. */
  readonly changes: () => number
  /** All questions, with their times. */
  readonly asked: ReadonlyArray<{ readonly at: number; readonly questions: ReadonlyArray<Question> }>
  /** All identification requests, until a test removes them. */
  readonly identified: Array<IdentificationRequest>
  /** Verdicts by URL. Other URLs are silent. */
  readonly verdicts: Map<string, Verdict>
  /** Makes questions fail for this reason; without one they succeed again. */
  readonly trouble: (message: string | undefined) => Effect.Effect<void>
  /** Moves the machine to these networks. */
  readonly move: (networks: ReadonlyArray<LocalNetwork>) => Effect.Effect<void>
}

export interface Options {
  readonly options?: Mdns.MdnsOptions
  /** The packets sent in answer to every question, after a moment. */
  readonly present?: ReadonlyArray<Response>
  readonly trouble?: string
}

/** The transport after its first scan. */
export const join = Effect.fnUntraced(function* ({ present = [], options, trouble }: Options = {}) {
  const scope = yield* Effect.scope
  const responses = yield* Queue.unbounded<Response>()
  const opened = yield* Queue.unbounded<void>()
  const asked: Array<Network["asked"][number]> = []
  const identified: Array<IdentificationRequest> = []
  const verdicts = new Map<string, Verdict>()
  let networks = home
  let message = trouble
  let changes = 0
  const services = yield* Layer.build(
    Mdns.layerNoDeps(options).pipe(
      Layer.provide([
        Layer.succeed(MulticastDns, {
          query: (questions) =>
            Effect.gen(function* () {
              if (message !== undefined) return yield* new MulticastDnsError({ message })
              asked.push({ at: yield* Clock.currentTimeMillis, questions })
              yield* Effect.forkIn(Effect.delay(Queue.offerAll(responses, present), "100 millis"), scope)
            }),
          responses: Stream.fromQueue(responses),
          opened: Stream.fromQueue(opened),
        }),
        Layer.succeed(Identification, {
          identify: (one) =>
            Effect.sync(() => {
              identified.push(one)
              return verdicts.get(one.url) ?? silent
            }),
          fingerprintOf: () => Effect.succeedNone,
        }),
        Layer.succeed(
          LocalNetworks,
          Effect.sync(() => networks),
        ),
        Layer.effect(
          LocalMachine,
          Effect.map(LocalMachine, (machine) => ({ ...machine, hostname: "desk" })),
        ),
      ]),
    ),
  )
  const discovery = Context.get(services, Discovery)
  yield* discovery.changes.pipe(
    Stream.runForEach(() => Effect.sync(() => changes++)),
    Effect.forkScoped,
  )
  /** Runs everything that is due at this time. */
  const settle = TestClock.adjust(0)
  const running = yield* Effect.forkChild(discovery.scan)
  yield* TestClock.adjust("1 second")
  const network: Network = {
    first: yield* Fiber.join(running),
    scan: discovery.scan,
    find: Effect.map(discovery.scan, ({ announcements }) =>
      Object.fromEntries(announcements.map((one) => [one.url, one])),
    ),
    send: (address, ...records) => Effect.andThen(Queue.offer(responses, { address, records }), settle),
    changes: () => changes,
    asked,
    identified,
    verdicts,
    trouble: (now) => Effect.sync(() => (message = now)),
    move: (now) =>
      Effect.suspend(() => {
        networks = now
        return Effect.andThen(Queue.offer(opened, undefined), settle)
      }),
  }
  return network
})
