/** Groups announcements into servers: one server per group that shares a URL, an id or a fingerprint. */
import { Array, Graph } from "effect"
import type { Announcement, Problem } from "./Discovery.ts"

/** One server, described by its most trusted announcement. */
export interface Server extends Announcement {
  /** All transports that found it, the one of this announcement first. */
  readonly transports: ReadonlyArray<string>
  /** Announcements of the same server at other URLs, which are fallbacks. */
  readonly fallbacks: ReadonlyArray<Announcement>
}

/** Groups announcements that share a key, directly or through others. Keeps their order. */
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

/** All URLs that certainly lead to the announced server. */
export const urls = ({ aliases = [], url }: Announcement): ReadonlyArray<string> => [url, ...aliases]

/** Ports are reused, especially by tunnels on a relay. The newest registration belongs to the current user of the port. */
const latest = (one: Announcement, other: Announcement) => ((other.writtenAt ?? 0) > (one.writtenAt ?? 0) ? other : one)

/** The announcement with the credentials of another one that leads to the same URL, if it has none of its own. */
const withAccess = (announcement: Announcement, candidates: ReadonlyArray<Announcement>): Announcement => {
  if (announcement.credentials !== undefined || announcement.secretsUnknown !== undefined) return announcement
  const other = candidates.find(({ credentials, url }) => credentials !== undefined && url === announcement.url)
  if (other === undefined) return announcement
  const { api, credentials, headers, listener } = other
  return { ...announcement, api, credentials, headers, listener }
}

const but = (reason: string | undefined) => (reason === undefined ? "" : `${reason}; `)

/** Those that fit, or all if none does. */
const orAll = <A>(all: ReadonlyArray<A>, fits: (one: A) => boolean): ReadonlyArray<A> => {
  const fitting = all.filter(fits)
  return fitting.length === 0 ? all : fitting
}

/** Chooses the announcement of the first transport, and among several of that transport the newest one. */
const serverOf = (
  group: ReadonlyArray<Announcement>,
  hasExited: (announcement: Announcement) => boolean,
  refutedBy: (announcement: Announcement) => string | undefined,
): { readonly server: Server; readonly problems: ReadonlyArray<Problem> } | undefined => {
  const running = group.length === 1 ? group : orAll(group, (one) => !hasExited(one))
  const candidates = orAll(running, (one) => refutedBy(one) === undefined)
  const [head] = candidates
  if (head === undefined) return undefined
  const chosen = candidates.filter(({ transport }) => transport === head.transport).reduce(latest, head)
  const all = [chosen, ...candidates.filter((one) => one !== chosen)].map((one) => withAccess(one, candidates))
  const fallbacks = Array.dedupeWith(
    all.filter(({ untrusted, url }) => url !== chosen.url && (untrusted !== true || chosen.untrusted === true)),
    (one, other) => one.url === other.url,
  )
  return {
    server: {
      ...withAccess(chosen, candidates),
      host: all.find(({ host }) => host !== "")?.host ?? "",
      directory: all.find(({ directory }) => directory !== undefined)?.directory,
      transports: Array.dedupe(all.map(({ transport }) => transport)),
      fallbacks,
    },
    problems: group
      .filter((one) => one !== chosen && one.url === chosen.url && one.transport === "local-relay")
      .filter((one) => one.transport === chosen.transport || !candidates.includes(one))
      .map((one) => ({
        source: one.source,
        reason: `announces ${one.url}, as ${chosen.source} does; ${but(refutedBy(one))}the name in ${chosen.source} is used`,
      })),
  }
}

/**
 * The servers that the announcements describe. A registration that is superseded by another one of the same URL is a
 * problem, so that the user learns why it is not listed. `refutedBy` tells why the server at its URL is another one.
 */
export const serversOf = (
  announcements: ReadonlyArray<Announcement>,
  hasExited: (announcement: Announcement) => boolean = () => false,
  fingerprintOf: (announcement: Announcement) => string | undefined = () => undefined,
  refutedBy: (announcement: Announcement) => string | undefined = () => undefined,
): { readonly servers: ReadonlyArray<Server>; readonly problems: ReadonlyArray<Problem> } => {
  const keysOf = (announcement: Announcement) => {
    const { identity } = announcement
    return [
      ...urls(announcement),
      fingerprintOf(announcement),
      identity === undefined ? undefined : `id ${identity}`,
    ].filter((key) => key !== undefined)
  }
  const groups = grouped(announcements, keysOf).flatMap((group) => serverOf(group, hasExited, refutedBy) ?? [])
  return {
    servers: groups.map(({ server }) => server),
    problems: groups.flatMap(({ problems }) => problems),
  }
}
