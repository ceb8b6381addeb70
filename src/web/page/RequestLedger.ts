/**
 * The requests that the page has shown, in the order in which they were first seen. A settled one keeps its place for a while:
 * nothing may move under a finger that is about to press a button.
 */
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { OpenRequest } from "./readWork.ts"

/** What became of a request. */
export interface Settled {
  /** Epoch milliseconds. */
  readonly at: number
  /** What was decided on this page. Undefined if it was decided elsewhere, its turn has ended, or its instance is not online. */
  readonly outcome?: string
}

export interface LedgerEntry {
  readonly request: OpenRequest
  readonly settled?: Settled
  /** When it was last seen open, in epoch milliseconds. */
  readonly seen: number
}

/** What one read has seen. Times are epoch milliseconds. */
export interface Observation {
  readonly requests: ReadonlyArray<OpenRequest>
  /** Whether the read would have found this request if it was open. */
  readonly covers: (request: OpenRequest) => boolean
  readonly startedAt: number
  readonly endedAt: number
}

/** Maximum number of settled requests, the newest ones. */
const maxSettled = 50

/**
 * How long a request counts as open that no read covers, in milliseconds: one of an old session, whose conversation nobody
 * looks at any more. A page that shows it reads it every few seconds.
 */
const openFor = 60 * 60 * 1000

const detailsOf = ({ kind, request }: PendingRequest) =>
  Object.keys((kind === "permission" && request.details) || {}).length

/** The arguments of the waiting tool call can be missing in an earlier read, or in a later one that failed to read them. */
const fuller = (known: PendingRequest, read: PendingRequest) => (detailsOf(known) > detailsOf(read) ? known : read)

/** Instance and session stay as first shown. Different reads find different sessions above the one that asks. */
const merged = (known: OpenRequest | undefined, { family, inFleet, ...request }: OpenRequest): OpenRequest => ({
  ...(known ?? request),
  pending: known === undefined ? request.pending : fuller(known.pending, request.pending),
  family: new Set([...(known?.family ?? []), ...family]),
  inFleet: inFleet || known?.inFleet === true,
})

/** The time in an id, which follows its prefix: requests of different kinds are sorted by it. */
const timeOf = ({ pending }: OpenRequest) => pending.request.id.slice(4)

export class RequestLedger {
  #entries = new Map<string, LedgerEntry>()

  /** Settles the known requests that a read no longer saw, and adds the new ones. */
  observe({ covers, endedAt, requests, startedAt }: Observation): void {
    const open = new Set<string>(requests.map(({ pending }) => pending.request.id))
    for (const [id, { request, seen, settled }] of this.#entries) {
      if (settled !== undefined || open.has(id)) continue
      // What a later read has seen open may be newer than this one.
      // It may have been settled long before, while nobody looked.
      if (seen <= startedAt && covers(request)) this.#entries.set(id, { request, seen, settled: { at: seen } })
      else if (startedAt - seen > openFor) this.#entries.delete(id)
    }
    this.#add(requests, endedAt)
    const settled = [...this.#entries].flatMap(([id, entry]) =>
      entry.settled === undefined ? [] : [{ id, at: entry.settled.at }],
    )
    const surplus = settled.toSorted((one, other) => other.at - one.at).slice(maxSettled)
    for (const { id } of surplus) this.#entries.delete(id)
  }

  #add(requests: ReadonlyArray<OpenRequest>, seen: number): void {
    for (const request of requests.toSorted((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1))) {
      const { id } = request.pending.request
      const known = this.#entries.get(id)
      // What was decided here may have been read before the decision.
      if (known?.settled?.outcome !== undefined) continue
      this.#entries.set(id, { request: merged(known?.request, request), seen })
    }
  }

  /** A decision was delivered. */
  settle(request: OpenRequest, settled: Settled): void {
    const { id } = request.pending.request
    this.#entries.set(id, { request: merged(this.#entries.get(id)?.request, request), seen: settled.at, settled })
  }

  /** What became of a request; undefined if it is open or unknown. */
  settled(id: string): Settled | undefined {
    return this.#entries.get(id)?.settled
  }

  /** The open requests, and those that were settled after `since`. */
  shown(since: number): ReadonlyArray<LedgerEntry> {
    return [...this.#entries.values()].filter(({ settled }) => settled === undefined || settled.at >= since)
  }
}
