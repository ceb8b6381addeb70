/** Which announcements are of one and the same server, and which of them stands for it. */
import { Array, Graph } from "effect"
import type { Announcement, Problem } from "./Discovery.ts"

/** A server, as the announcement says that stands for it. */
export interface Server extends Announcement {
  /** Every transport that has found it, that of this announcement first. */
  readonly transports: ReadonlyArray<string>
  /** What the others say that have found it at other URLs: more ways to it. */
  readonly ways: ReadonlyArray<Announcement>
}

/** Announcements that share a key, directly or through others, each group and all in it in their order. */
export const grouped = (
  announcements: ReadonlyArray<Announcement>,
  keysOf: (announcement: Announcement) => ReadonlyArray<string>,
): ReadonlyArray<ReadonlyArray<Announcement>> => {
  const graph = Graph.undirected<Announcement, void>((mutable) => {
    const firstWith = new Map<string, Graph.NodeIndex>()
    for (const announcement of announcements) {
      const node = Graph.addNode(mutable, announcement)
      for (const key of keysOf(announcement)) {
        const first = firstWith.get(key)
        if (first === undefined) firstWith.set(key, node)
        else Graph.addEdge(mutable, first, node, undefined)
      }
    }
  })
  return Graph.connectedComponents(graph).map((nodes) =>
    nodes.toSorted((one, other) => one - other).flatMap((node) => announcements[node] ?? []),
  )
}

/** The URLs that lead to it for certain. */
export const urls = ({ aliases = [], url }: Announcement): ReadonlyArray<string> => [url, ...aliases]

/** A port changes hands, a tunnel's end on a relay above all, and who has it now has written last. */
const latest = (one: Announcement, other: Announcement) => ((other.writtenAt ?? 0) > (one.writtenAt ?? 0) ? other : one)

/** The transport that comes first in the table is believed first, and of its announcements the one written last. */
const serverOf = (
  group: ReadonlyArray<Announcement>,
  hasEnded: (announcement: Announcement) => boolean,
): { readonly server: Server; readonly problems: ReadonlyArray<Problem> } | undefined => {
  const living = group.length === 1 ? group : group.filter((one) => !hasEnded(one))
  const believed = living.length === 0 ? group : living
  const [head] = believed
  if (head === undefined) return undefined
  const chosen = believed.filter(({ transport }) => transport === head.transport).reduce(latest, head)
  const all = [chosen, ...believed.filter((one) => one !== chosen)]
  const ways = Array.dedupeWith(
    all.filter(({ stranger, url }) => url !== chosen.url && (stranger !== true || chosen.stranger === true)),
    (one, other) => one.url === other.url,
  )
  return {
    server: {
      ...chosen,
      host: all.find(({ host }) => host !== "")?.host ?? "",
      directory: all.find(({ directory }) => directory !== undefined)?.directory,
      transports: Array.dedupe(all.map(({ transport }) => transport)),
      ways,
    },
    problems: group
      .filter((one) => one !== chosen && one.url === chosen.url && one.transport === "local-relay")
      .filter((one) => one.transport === chosen.transport || !believed.includes(one))
      .map(({ source, url }) => ({
        source,
        reason: `announces ${url} as ${chosen.source} does, whose name counts`,
      })),
  }
}

/**
 * One server for each group of announcements that share a URL or a mark. Of registrations of one URL that do not count is
 * said why they do not show.
 */
export const distinct = (
  announcements: ReadonlyArray<Announcement>,
  hasEnded: (announcement: Announcement) => boolean = () => false,
  markOf: (announcement: Announcement) => string | undefined = () => undefined,
): { readonly servers: ReadonlyArray<Server>; readonly problems: ReadonlyArray<Problem> } => {
  const keysOf = (announcement: Announcement) => {
    const mark = markOf(announcement)
    return mark === undefined ? urls(announcement) : [...urls(announcement), mark]
  }
  const found = grouped(announcements, keysOf).flatMap((group) => serverOf(group, hasEnded) ?? [])
  return {
    servers: found.map(({ server }) => server),
    problems: found.flatMap(({ problems }) => problems),
  }
}
