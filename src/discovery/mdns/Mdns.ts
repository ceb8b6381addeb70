/**
 * `TRANSPORT=mdns`: opencodes that announce themselves on the local network (`opencode serve --mdns`).
 *
 * Any device on the network can announce anything, so only services that match `MDNS_ALLOW` receive the password.
 */
import { Clock, Duration, Effect, Layer, Queue, Schedule, Stream } from "effect"
import { urlOf } from "../address.ts"
import { defaultProbeTimeout } from "../defaults.ts"
import { Discovery, type Problem, type Scan } from "../Discovery.ts"
import { Identification } from "../identification/Identification.ts"
import { identifier } from "../identification/identifier.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { isAllowed } from "./allowed.ts"
import { announce, type ServiceCandidate } from "./announce.ts"
import { LocalNetworks, onLink } from "./localNetworks.ts"
import { MulticastDns } from "./MulticastDns.ts"
import { browseQuestion, locationQuestion, parseRecords } from "./records.ts"
import { maxServicesPerHost, maxServices, Services } from "./Services.ts"

/** How long the first scan waits for answers: hosts delay them by up to 120 ms, and wireless networks add to that. */
const firstAnswersDelay = "500 millis"

/** Repeats the question 1 and 3 s after the socket was opened, because packets may get lost. */
const openingQuestions = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 2 }))

const maintenanceInterval = "5 seconds"

/** Maximum number of questions in one packet. */
const maxQuestions = 16

/** Milliseconds. Hosts on the same network answer quickly. */
const maxProbeTimeout = 2000

const concurrency = 64

const problem = (reason: string): Problem => ({ source: "mdns", reason })

/** Passes the first signal immediately. */
const oncePerSecond = Stream.throttle<void>({ cost: () => 1, units: 1, duration: "1 second" })

/** Limits the scans if the network is flooded. Enough for a user who starts and stops opencodes. */
const fewPerMinute = Stream.throttle<void>({ cost: () => 1, units: 5, duration: "25 seconds" })

const signal = (queue: Queue.Enqueue<void>, when: boolean) => (when ? Queue.offer(queue, undefined) : Effect.void)

export interface MdnsOptions {
  /** Hosts that may receive the password: names or addresses; `*` matches any text. Default: none. */
  readonly allow?: ReadonlyArray<string> | undefined
  /** Timeout of one probe; at most 2 s, because hosts on the same network answer quickly. Default: 3 s. */
  readonly probeTimeout?: Duration.Input | undefined
}

/** `Discovery` over any {@link MulticastDns}. */
export const layerNoDeps = ({ allow = [], probeTimeout = defaultProbeTimeout }: MdnsOptions = {}) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const dns = yield* MulticastDns
      const networks = yield* LocalNetworks
      const machine = yield* LocalMachine
      const { identify } = yield* Identification
      const timeout = Math.min(Duration.toMillis(probeTimeout), maxProbeTimeout)
      const identifyAll = yield* identifier({ concurrency, timeout, timeBudget: "4 seconds" })
      const services = new Services()
      /** Each queue holds at most one signal, so a flood of packets causes one scan. */
      const changed = yield* Queue.sliding<void>(1)
      const incomplete = yield* Queue.sliding<void>(1)
      /** URLs of services that the last scan identified as other servers. They are not probed again by maintenance. */
      let others: ReadonlySet<string> = new Set()

      const reachable = yield* Effect.cachedWithTTL(
        Effect.map(networks, (now) => ({ now, includes: onLink(now) })),
        "1 second",
      )
      /** Sends at most one question per second, however often the fleet is refreshed. */
      const browse = yield* Effect.cachedWithTTL(
        Effect.gen(function* () {
          yield* dns.query([browseQuestion])
          services.markAsked(yield* Clock.currentTimeMillis)
        }),
        "1 second",
      )

      yield* dns.responses.pipe(
        Stream.runForEach(({ address, records }) =>
          Effect.gen(function* () {
            if (!(yield* reachable).includes(address)) return
            const changes = services.receive(address, parseRecords(records), yield* Clock.currentTimeMillis)
            yield* signal(changed, changes.changed)
            yield* signal(incomplete, changes.incomplete)
          }),
        ),
        Effect.forkScoped,
      )
      yield* dns.opened.pipe(
        Stream.switchMap(() => Stream.fromEffectSchedule(Effect.ignore(browse), openingQuestions)),
        Stream.runDrain,
        Effect.forkScoped,
      )
      /** Computed when it is sent, because locations may have arrived meanwhile. */
      const askForLocations = Effect.suspend(() => {
        const questions = services.incomplete.slice(0, maxQuestions).map(locationQuestion)
        return questions.length === 0 ? Effect.void : Effect.ignore(dns.query(questions))
      })
      yield* Stream.fromQueue(incomplete).pipe(
        oncePerSecond,
        Stream.runForEach(() => askForLocations),
        Effect.forkScoped,
      )

      const expire = Effect.gen(function* () {
        const { includes } = yield* reachable
        return services.expire(yield* Clock.currentTimeMillis, includes)
      })

      /** opencode does not announce its end. A service has ended if it does not answer and its port refuses connections. */
      const removeEnded = Effect.gen(function* () {
        const silent = services
          .takeSilent(yield* Clock.currentTimeMillis)
          .filter(({ address, port }) => !others.has(urlOf(address, port)))
        const removed = yield* Effect.filter(
          silent,
          (one) =>
            Effect.map(
              identify({ url: urlOf(one.address, one.port), mayHavePassword: false, timeout }),
              ({ _tag }) => _tag === "Refused" && services.forget(one),
            ),
          { concurrency },
        )
        return removed.length > 0
      })

      const maintain = Effect.gen(function* () {
        const expired = yield* expire
        if (services.isRenewalDue(yield* Clock.currentTimeMillis)) yield* Effect.ignore(browse)
        const ended = yield* removeEnded
        yield* signal(changed, expired || ended)
      })
      yield* maintain.pipe(Effect.repeat(Schedule.spaced(maintenanceInterval)), Effect.forkScoped)

      let isFirstScan = true
      const scan = Effect.gen(function* () {
        const queryProblems = yield* Effect.match(browse, {
          onFailure: ({ message }) => [problem(message)],
          onSuccess: (): ReadonlyArray<Problem> => [],
        })
        if (isFirstScan && queryProblems.length === 0) yield* Effect.sleep(firstAnswersDelay)
        isFirstScan = false
        yield* expire
        const candidates = services.known.map((service): ServiceCandidate => {
          const url = urlOf(service.address, service.port)
          const isTrusted = isAllowed(service, allow)
          return { key: url, url, mayHavePassword: isTrusted, likely: isTrusted, service }
        })
        const { opencodes, others: otherServers } = yield* identifyAll(candidates)
        others = new Set(otherServers.map(({ url }) => url))
        const identities = new Map(opencodes.map(({ candidate, identity }) => [candidate, identity]))
        const ownAddresses = new Set((yield* reachable).now.map(({ address }) => address))
        const found: Scan = {
          announcements: candidates
            .filter(({ url }) => !others.has(url))
            .map((one) =>
              announce(one, identities.get(one), ownAddresses.has(one.service.address) ? machine.hostname : undefined),
            ),
          problems: services.isOverfull(yield* Clock.currentTimeMillis)
            ? [
                ...queryProblems,
                problem(
                  `too many services are announced; the limits are ${maxServices} in total and ${maxServicesPerHost} per host. The others are left out. A device may be flooding the network`,
                ),
              ]
            : queryProblems,
        }
        return found
      }).pipe(Effect.withSpan("Mdns.scan"))

      return Discovery.of({ scan, changes: Stream.fromQueue(changed).pipe(oncePerSecond, fewPerMinute) })
    }),
  )

export const layer = (options?: MdnsOptions) => Layer.provide(layerNoDeps(options), MulticastDns.layer)
