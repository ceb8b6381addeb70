/** A cache of the announced opencode services: their addresses, ports and expiry times. */
import type { ServiceRecord } from "./records.ts"

/** A service of one host. Several hosts may announce the same label. */
export interface Service {
  /** The sender's address, which is also the address to connect to, because all opencodes announce the same target by default. */
  readonly address: string
  /** `opencode-4096`, as announced. */
  readonly label: string
  readonly port: number
  /** The host name, as announced. */
  readonly target: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** When to ask about it again, so that it does not expire for lack of a question. Epoch milliseconds. */
  readonly renewAt: number
}

/** A service whose port is not known yet. */
interface IncompleteService {
  readonly address: string
  readonly label: string
  readonly port: undefined
  readonly expiresAt: number
}

export interface ServiceChanges {
  /** Whether a service was added, was removed, or has moved to another port. */
  readonly changed: boolean
  /** Whether the host and port of a service are unknown, so that a question must be sent. */
  readonly incomplete: boolean
}

/** Maximum number of services: more than any network has, and few enough to probe. */
export const maxServices = 1000

/** Maximum number of services of one host, so that it cannot displace the others. */
export const maxServicesPerHost = 64

/** Milliseconds for which a name without a port is kept. */
const incompleteLife = 10_000

/** Milliseconds. Maximum time to live; opencode announces two minutes. */
const maxLife = 75 * 60_000

/** Milliseconds that a host has to answer a question. */
const answerTime = 2000

/** Milliseconds for which an overflow is reported. */
const overflowReported = 2 * 60_000

const keyOf = ({ address, label }: { readonly address: string; readonly label: string }) =>
  `${address} ${label.toLowerCase()}`

export class Services {
  readonly #all = new Map<string, Service | IncompleteService>()
  readonly #ofHost = new Map<string, number>()
  /** When each service was first asked without an answer. An answer replaces the object, which clears the entry. */
  readonly #asked = new WeakMap<Service, { readonly since: number; reported: boolean }>()
  #overflowedAt = Number.NEGATIVE_INFINITY

  /** The services whose port is known. */
  get known(): ReadonlyArray<Service> {
    return [...this.#all.values()].filter((one) => one.port !== undefined)
  }

  /** The labels of services whose port is not known. */
  get incomplete(): ReadonlyArray<string> {
    return [...this.#all.values()].flatMap(({ label, port }) => (port === undefined ? [label] : []))
  }

  /** Adds the records that the host at this address has sent. `now` is in epoch milliseconds, here and below. */
  receive(address: string, records: ReadonlyArray<ServiceRecord>, now: number): ServiceChanges {
    let changed = false
    for (const one of records) changed = this.#apply(address, one, now) || changed
    const isIncomplete = ({ label }: ServiceRecord) => {
      const known = this.#all.get(keyOf({ address, label }))
      return known !== undefined && known.port === undefined
    }
    return { changed, incomplete: records.some(isIncomplete) }
  }

  /** Removes services that have expired or whose host is out of reach. Returns whether a service with a known port was removed. */
  expire(now: number, isReachable: (address: string) => boolean): boolean {
    const gone = [...this.#all.values()].filter(({ address, expiresAt }) => expiresAt <= now || !isReachable(address))
    for (const one of gone) this.#remove(one)
    return gone.some(({ port }) => port !== undefined)
  }

  /** Whether a service is due to be asked about. */
  isRenewalDue(now: number): boolean {
    return this.known.some(({ renewAt }) => renewAt <= now)
  }

  /** Records that a question for all services was sent. */
  markAsked(now: number): void {
    for (const one of this.known) {
      this.#asked.set(one, { since: this.#asked.get(one)?.since ?? now, reported: false })
    }
  }

  /** The services that did not answer a question in time. Each is returned once per question. */
  takeSilent(now: number): ReadonlyArray<Service> {
    return this.known.filter((one) => {
      const asked = this.#asked.get(one)
      if (asked === undefined || asked.reported || now - asked.since < answerTime) return false
      asked.reported = true
      return true
    })
  }

  /** Removes the service unless it has answered since. Returns whether it was removed. */
  forget(service: Service): boolean {
    return this.#all.get(keyOf(service)) === service && this.#remove(service)
  }

  /** Whether services were recently left out because of the limits. */
  isOverfull(now: number): boolean {
    return now - this.#overflowedAt < overflowReported
  }

  #apply(address: string, record: ServiceRecord, now: number): boolean {
    const { label, ttl } = record
    const before = this.#all.get(keyOf({ address, label }))
    if (ttl === 0) return before !== undefined && this.#remove(before) && before.port !== undefined
    if (record._tag === "Pointer") {
      if (before === undefined) this.#put({ address, label, port: undefined, expiresAt: now + incompleteLife }, now)
      return false
    }
    const { port, target } = record
    const life = Math.min(ttl * 1000, maxLife)
    const kept = this.#put({ address, label, port, target, expiresAt: now + life, renewAt: now + 0.8 * life }, now)
    return kept && (before?.port !== port || before.target !== target)
  }

  #put(service: Service | IncompleteService, now: number): boolean {
    const key = keyOf(service)
    if (!this.#all.has(key)) {
      const ofHost = this.#ofHost.get(service.address) ?? 0
      if (this.#all.size >= maxServices || ofHost >= maxServicesPerHost) {
        this.#overflowedAt = now
        return false
      }
      this.#ofHost.set(service.address, ofHost + 1)
    }
    this.#all.set(key, service)
    return true
  }

  #remove(service: Service | IncompleteService): boolean {
    const left = (this.#ofHost.get(service.address) ?? 0) - 1
    if (left > 0) this.#ofHost.set(service.address, left)
    else this.#ofHost.delete(service.address)
    return this.#all.delete(keyOf(service))
  }
}
