/**
 * `TRANSPORT=mdns`: opencodes on the local network that announce themselves, as `opencode serve --mdns` does.
 *
 * Anybody there can announce anything, so the password goes only to those that `MDNS_ALLOW` names.
 */
import { Clock, Effect, Layer, Queue, Schedule, Stream } from "effect"
import { Settings } from "../../Settings.ts"
import { urlOf } from "../address.ts"
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

/** Hosts take their time, so that not all answer at once: up to 120 ms, and a wireless network as long again. */
const firstAnswers = "500 millis"

/** A packet may get lost, so all are asked again 1 and 3 s after the beginning. */
const beginning = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 2 }))

const upkeepPause = "5 seconds"

/** Places that are asked for in one packet. */
const mostQuestions = 16

/** In milliseconds: what is on the same network answers soon. */
const longestAnswer = 2000

const atOnce = 64

const problem = (reason: string): Problem => ({ source: "mdns", reason })

/** The first at once. */
const oncePerSecond = Stream.throttle<void>({ cost: () => 1, units: 1, duration: "1 second" })

/** A few, as somebody starts and ends opencodes. Who floods the network does not make everybody ask all of it all the time. */
const fewPerMinute = Stream.throttle<void>({ cost: () => 1, units: 5, duration: "25 seconds" })

const signal = (queue: Queue.Enqueue<void>, when: boolean) => (when ? Queue.offer(queue, undefined) : Effect.void)

/** `Discovery` over any {@link MulticastDns}. */
export const layerNoDeps = Layer.effect(
  Discovery,
  Effect.gen(function* () {
    const dns = yield* MulticastDns
    const networks = yield* LocalNetworks
    const machine = yield* LocalMachine
    const { identify } = yield* Identification
    const { healthCheckTimeout, mdnsAllow } = yield* Settings
    const timeout = Math.min(healthCheckTimeout, longestAnswer)
    const find = yield* identifier({ atOnce, timeout, patience: "4 seconds" })
    const services = new Services()
    /** Each holds one signal at the most: a flood of packets is one reason to look, not thousands. */
    const changed = yield* Queue.sliding<void>(1)
    const incomplete = yield* Queue.sliding<void>(1)
    /** URLs of what is announced and is no opencode, as of the last scan. It is left alone. */
    let strangers: ReadonlySet<string> = new Set()

    const reachable = yield* Effect.cachedWithTTL(
      Effect.map(networks, (now) => ({ now, includes: onLink(now) })),
      "1 second",
    )
    /** The network is everybody's: no more than one question a second, however often somebody wants a refresh. */
    const ask = yield* Effect.cachedWithTTL(
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
          const news = services.receive(address, parseRecords(records), yield* Clock.currentTimeMillis)
          yield* signal(changed, news.changed)
          yield* signal(incomplete, news.incomplete)
        }),
      ),
      Effect.forkScoped,
    )
    yield* dns.opened.pipe(
      Stream.switchMap(() => Stream.fromEffectSchedule(Effect.ignore(ask), beginning)),
      Stream.runDrain,
      Effect.forkScoped,
    )
    /** Their places may have been heard meanwhile. */
    const askForPlaces = Effect.suspend(() => {
      const questions = services.incomplete.slice(0, mostQuestions).map(locationQuestion)
      return questions.length === 0 ? Effect.void : Effect.ignore(dns.query(questions))
    })
    yield* Stream.fromQueue(incomplete).pipe(
      oncePerSecond,
      Stream.runForEach(() => askForPlaces),
      Effect.forkScoped,
    )

    const expire = Effect.gen(function* () {
      const { includes } = yield* reachable
      return services.expire(yield* Clock.currentTimeMillis, includes)
    })

    /** opencode says no goodbye. One that is silent when all are asked, and at whose port nothing listens, has ended. */
    const forgetEnded = Effect.gen(function* () {
      const silent = services
        .takeSilent(yield* Clock.currentTimeMillis)
        .filter(({ address, port }) => !strangers.has(urlOf(address, port)))
      const gone = yield* Effect.filter(
        silent,
        (one) =>
          Effect.map(
            identify({ url: urlOf(one.address, one.port), mayHavePassword: false, timeout }),
            ({ _tag }) => _tag === "Refused" && services.forget(one),
          ),
        { concurrency: atOnce },
      )
      return gone.length > 0
    })

    const upkeep = Effect.gen(function* () {
      const expired = yield* expire
      if (services.isRenewalDue(yield* Clock.currentTimeMillis)) yield* Effect.ignore(ask)
      const ended = yield* forgetEnded
      yield* signal(changed, expired || ended)
    })
    yield* upkeep.pipe(Effect.repeat(Schedule.spaced(upkeepPause)), Effect.forkScoped)

    let isFirst = true
    const scan = Effect.gen(function* () {
      const trouble = yield* Effect.match(ask, {
        onFailure: ({ message }) => [problem(message)],
        onSuccess: (): ReadonlyArray<Problem> => [],
      })
      if (isFirst && trouble.length === 0) yield* Effect.sleep(firstAnswers)
      isFirst = false
      yield* expire
      const candidates = services.known.map((service): ServiceCandidate => {
        const url = urlOf(service.address, service.port)
        const isTrusted = isAllowed(service, mdnsAllow)
        return { key: url, url, mayHavePassword: isTrusted, likely: isTrusted, service }
      })
      const { opencodes, strangers: others } = yield* find(candidates)
      strangers = new Set(others.map(({ url }) => url))
      const identities = new Map(opencodes.map(({ candidate, identity }) => [candidate, identity]))
      const own = new Set((yield* reachable).now.map(({ address }) => address))
      const found: Scan = {
        announcements: candidates
          .filter(({ url }) => !strangers.has(url))
          .map((one) =>
            announce(one, identities.get(one), own.has(one.service.address) ? machine.hostname : undefined),
          ),
        problems: services.isOverfull(yield* Clock.currentTimeMillis)
          ? [
              ...trouble,
              problem(
                `more is announced than is listened to: ${maxServices} opencodes in all, ${maxServicesPerHost} of one host. The rest is left out; somebody may be flooding the network`,
              ),
            ]
          : trouble,
      }
      return found
    }).pipe(Effect.withSpan("Mdns.scan"))

    return Discovery.of({ scan, changes: Stream.fromQueue(changed).pipe(oncePerSecond, fewPerMinute) })
  }),
)

export const layer = Layer.provide(layerNoDeps, MulticastDns.layer)
