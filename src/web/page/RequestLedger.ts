/**
 * The requests that the page has shown, in the order in which they were first seen. A settled one keeps its place for a while:
 * nothing may move under a finger that is about to press a button.
 */
import type { OpenRequest, Work } from "./readWork.ts"

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

/** Maximum number of settled requests, the newest ones. */
const maxSettled = 50

/** The time in an id, which follows its prefix: requests of different kinds are sorted by it. */
const timeOf = ({ pending }: OpenRequest) => pending.request.id.slice(4)

export class RequestLedger {
  #entries = new Map<string, LedgerEntry>()

  /** Takes note of what was read between `startedAt` and `now`, in epoch milliseconds. */
  observe({ requests, unknown }: Pick<Work, "requests" | "unknown">, now: number, startedAt = now): void {
    const open = new Set<string>(requests.map(({ pending }) => pending.request.id))
    for (const [id, { request, seen, settled }] of this.#entries) {
      // What a later read has seen open may be newer than this one.
      if (settled === undefined && !open.has(id) && !unknown.has(request.instance) && seen <= startedAt) {
        this.#entries.set(id, { request, seen, settled: { at: now } })
      }
    }
    this.#add(requests, now)
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
      this.#entries.set(id, { request: known?.request ?? request, seen })
    }
  }

  /** Takes note of what is open in one session, and returns what its page shows. */
  observeSession(
    instance: string,
    session: string,
    requests: ReadonlyArray<OpenRequest>,
    now: number,
    since: number,
  ): ReadonlyArray<LedgerEntry> {
    const open = new Set<string>(requests.map(({ pending }) => pending.request.id))
    for (const [id, { request, seen, settled }] of this.#entries) {
      const isHere = request.instance === instance && request.session.id === session
      if (isHere && settled === undefined && !open.has(id))
        this.#entries.set(id, { request, seen, settled: { at: now } })
    }
    this.#add(requests, now)
    return this.shown(since).filter(
      ({ request }) =>
        open.has(request.pending.request.id) || (request.instance === instance && request.session.id === session),
    )
  }

  /** A decision was delivered. */
  settle(request: OpenRequest, settled: Settled): void {
    this.#entries.set(request.pending.request.id, { request, seen: settled.at, settled })
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
