/**
 * Tells whether two URLs lead to the same server, where only the server can say: a tunnel's end on a relay and an address
 * in the tailnet look like two.
 */
import { Array, Clock, Duration, Effect, Option } from "effect"
import type { Announcement } from "../Discovery.ts"
import { grouped, urls } from "../distinct.ts"
import { Identification } from "./Identification.ts"

/** So long a mark holds without being asked for again, and that there is none. */
const lasting = { mark: Duration.toMillis("1 minute"), none: Duration.toMillis("10 seconds") }

interface Memo {
  readonly askedAt: number
  readonly mark: string | undefined
}

const isDue = (memo: Memo | undefined, now: number): boolean =>
  memo === undefined || now - memo.askedAt >= (memo.mark === undefined ? lasting.none : lasting.mark)

/** The port that opencode itself listens on, where it runs. */
const serverPort = ({ remotePort, url }: Announcement): number =>
  remotePort ?? (Number(new URL(url).port) || (url.startsWith("https:") ? 443 : 80))

/** The URL, and what shows that somebody else may have it now. */
const stamp = ({ birth, source, url, writtenAt }: Announcement) => [url, source, writtenAt, birth].join(" ")

const haveOneTransport = ([first, ...others]: ReadonlyArray<Announcement>): boolean =>
  others.every(({ transport }) => transport === first?.transport)

/** A server has one port, so only announcements of one port can be of one server; and a transport does not find it twice. */
const suspects = (announcements: ReadonlyArray<Announcement>): ReadonlyArray<Announcement> =>
  haveOneTransport(announcements)
    ? []
    : Object.values(Array.groupBy(announcements, (one) => String(serverPort(one)))).flatMap((sharing) =>
        haveOneTransport(sharing) || grouped(sharing, urls).length === 1 ? [] : sharing,
      )

/**
 * Machines may be copies of each other, database and all. A transport does not find one server at two places, so a mark that
 * it has found at two tells nothing.
 */
const tells = (sharing: ReadonlyArray<Announcement>): boolean =>
  Object.values(Array.groupBy(sharing, ({ transport }) => transport)).every((same) => grouped(same, urls).length === 1)

/**
 * Marks of those that may be the same server: two of the same mark are. One that does not answer keeps the mark that it had,
 * so that it does not become another instance while it is away. One that answers and does not say it any more loses it, for
 * somebody else may have its address now.
 */
export const serverMarks = Effect.gen(function* () {
  const identification = yield* Identification
  const memos = new Map<string, Memo>()
  const markOf = (announcement: Announcement) => memos.get(stamp(announcement))?.mark

  const ask = Effect.fnUntraced(function* (announcement: Announcement, key: string) {
    const askedAt = yield* Clock.currentTimeMillis
    const mark = yield* Effect.match(identification.markOf(announcement), {
      onFailure: () => memos.get(key)?.mark,
      onSuccess: Option.match({
        onNone: () => undefined,
        onSome: (mark) => `${serverPort(announcement)} ${mark}`,
      }),
    })
    memos.set(key, { askedAt, mark })
  })

  return Effect.fnUntraced(function* (announcements: ReadonlyArray<Announcement>) {
    const suspected = suspects(announcements)
    const asked = suspected.map((announcement) => [announcement, stamp(announcement)] as const)
    const keys = new Set(asked.map(([, key]) => key))
    for (const key of memos.keys()) if (!keys.has(key)) memos.delete(key)
    const now = yield* Clock.currentTimeMillis
    yield* Effect.forEach(
      asked.filter(([, key]) => isDue(memos.get(key), now)),
      ([announcement, key]) => ask(announcement, key),
      { concurrency: "unbounded", discard: true },
    )
    const sharing = Object.entries(Array.groupBy(suspected, (announcement) => markOf(announcement) ?? ""))
    const telling = new Set(sharing.flatMap(([mark, all]) => (tells(all) ? [mark] : [])))
    return (announcement: Announcement) => {
      const mark = telling.size === 0 ? undefined : markOf(announcement)
      return mark !== undefined && telling.has(mark) ? mark : undefined
    }
  })
})
