/**
 * Registrations that the server at their port contradicts. Several of one port are told apart by the directory that opencode
 * reports: the one that was written last may be the one that is wrong.
 */
import { Array, Effect } from "effect"
import type { Announcement } from "../discovery/Discovery.ts"
import type { HealthCheck } from "./HealthCheck.ts"

const concurrency = 16

/** Those of one transport that name one URL, with different directories. */
const contested = (announcements: ReadonlyArray<Announcement>): ReadonlyArray<Announcement> =>
  Object.values(Array.groupBy(announcements, ({ transport, url }) => `${transport} ${url}`))
    .filter((sharing) => new Set(sharing.map(({ directory }) => directory)).size > 1)
    .flat()

/** Why each of these is not what it says: a text that continues after the server's address. Exited ones are not asked. */
export const findRefuted = Effect.fnUntraced(function* (
  announcements: ReadonlyArray<Announcement>,
  { probe }: HealthCheck["Service"],
  hasExited: (announcement: Announcement) => boolean,
) {
  const running = contested(announcements).filter((one) => !hasExited(one))
  const found = yield* Effect.forEach(
    contested(running),
    (announcement) =>
      Effect.map(probe(announcement), ({ reason, replaced }) =>
        replaced === true ? [[announcement, reason] as const] : [],
      ),
    { concurrency },
  )
  const refuted: ReadonlyMap<Announcement, string> = new Map(found.flat())
  return refuted
})
