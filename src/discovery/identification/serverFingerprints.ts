/**
 * Fingerprints show that two URLs lead to the same server, for example the end of a tunnel on a relay and an address in the
 * tailnet.
 */
import { Array, Clock, Duration, Effect, Option } from "effect"
import { portIn } from "../address.ts"
import type { Announcement } from "../Discovery.ts"
import { grouped, urls } from "../servers.ts"
import { Identification } from "./Identification.ts"

/** How long a server's fingerprint is cached, and how long its absence is. */
const cacheLife = { fingerprint: Duration.toMillis("1 minute"), none: Duration.toMillis("10 seconds") }

interface Memo {
  readonly readAt: number
  readonly fingerprint: string | undefined
}

const isDue = (memo: Memo | undefined, now: number): boolean =>
  memo === undefined || now - memo.readAt >= (memo.fingerprint === undefined ? cacheLife.none : cacheLife.fingerprint)

/** The port on which opencode listens on its own machine. */
const serverPort = ({ remotePort, url }: Announcement): number => remotePort ?? portIn(new URL(url))

/** Changes when another server may have taken over the URL. */
const cacheKey = ({ birth, source, url, writtenAt }: Announcement) => [url, source, writtenAt, birth].join(" ")

const haveOneTransport = ([first, ...others]: ReadonlyArray<Announcement>): boolean =>
  others.every(({ transport }) => transport === first?.transport)

/**
 * The announcements that may describe the same server as another one. A server has one port, and no transport finds it
 * twice, so they share their port but come from different transports.
 */
const ambiguous = (all: ReadonlyArray<Announcement>): ReadonlyArray<Announcement> => {
  const announcements = all.filter(({ unreachable }) => unreachable === undefined)
  return haveOneTransport(announcements)
    ? []
    : Object.values(Array.groupBy(announcements, (one) => String(serverPort(one)))).flatMap((sharing) =>
        haveOneTransport(sharing) || grouped(sharing, urls).length === 1 ? [] : sharing,
      )
}

/**
 * Machines may be clones with the same database. No transport finds one server at two URLs, so a fingerprint that one
 * transport found twice is not unique.
 */
const isUnique = (sharing: ReadonlyArray<Announcement>): boolean =>
  Object.values(Array.groupBy(sharing, ({ transport }) => transport)).every((same) => grouped(same, urls).length === 1)

/**
 * Makes a function that reads the fingerprints of ambiguous announcements; two with the same fingerprint are one server. A
 * server that does not answer keeps its fingerprint, so it remains the same instance while it is unreachable. A server that
 * answers without a fingerprint loses it, because another server may have its address now.
 */
export const serverFingerprints = Effect.gen(function* () {
  const identification = yield* Identification
  const memos = new Map<string, Memo>()
  const fingerprintOf = (announcement: Announcement) => memos.get(cacheKey(announcement))?.fingerprint

  const read = Effect.fnUntraced(function* (announcement: Announcement, key: string) {
    const readAt = yield* Clock.currentTimeMillis
    const fingerprint = yield* Effect.match(identification.fingerprintOf(announcement), {
      onFailure: () => memos.get(key)?.fingerprint,
      onSuccess: Option.match({
        onNone: () => undefined,
        onSome: (text) => `${serverPort(announcement)} ${text}`,
      }),
    })
    memos.set(key, { readAt, fingerprint })
  })

  return Effect.fnUntraced(function* (announcements: ReadonlyArray<Announcement>) {
    const suspects = ambiguous(announcements)
    const keyed = suspects.map((announcement) => [announcement, cacheKey(announcement)] as const)
    const keys = new Set(keyed.map(([, key]) => key))
    for (const key of memos.keys()) if (!keys.has(key)) memos.delete(key)
    const now = yield* Clock.currentTimeMillis
    yield* Effect.forEach(
      keyed.filter(([, key]) => isDue(memos.get(key), now)),
      ([announcement, key]) => read(announcement, key),
      { concurrency: "unbounded", discard: true },
    )
    const sharing = Object.entries(Array.groupBy(suspects, (announcement) => fingerprintOf(announcement) ?? ""))
    const unique = new Set(sharing.flatMap(([fingerprint, all]) => (isUnique(all) ? [fingerprint] : [])))
    return (announcement: Announcement) => {
      const fingerprint = unique.size === 0 ? undefined : fingerprintOf(announcement)
      return fingerprint !== undefined && unique.has(fingerprint) ? fingerprint : undefined
    }
  })
})
