/** The opencodes that are announced now: who said so, where they are, and until when that holds. */
import type { Heard } from "./records.ts"

/** Two hosts may announce the same name, so it is one host's instance of that name. */
export interface Service {
  /** Who announces it, and where it is connected to: all opencodes have the same target by default. */
  readonly address: string
  /** `opencode-4096`, as announced. */
  readonly label: string
  readonly port: number
  /** The name of its host, as announced. */
  readonly target: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** When others should be asked about it again, so that it does not expire for want of a question. */
  readonly renewAt: number
}

/** One of which only the name is known. */
interface Named {
  readonly address: string
  readonly label: string
  readonly port: undefined
  readonly expiresAt: number
}

export interface News {
  /** A service has come, gone, or moved to another port. */
  readonly changed: boolean
  /** For some, where they are has to be asked. */
  readonly incomplete: boolean
}

/** Far more than anybody runs, and few enough to ask them all. */
export const mostServices = 1000

/** One host cannot take the place of all others. */
export const mostOfOneHost = 64

/** Milliseconds that a name waits for its port. */
const patience = 10_000

/** Milliseconds: however long a host says that its word holds (opencode says two minutes), it does not for longer. */
const longestLife = 75 * 60_000

/** Milliseconds that a host has for an answer. */
const answerTime = 2000

/** Milliseconds that is told how many there were too many. */
const remembered = 2 * 60_000

const keyOf = ({ address, label }: { readonly address: string; readonly label: string }) =>
  `${address} ${label.toLowerCase()}`

export class Services {
  readonly #all = new Map<string, Service | Named>()
  readonly #ofHost = new Map<string, number>()
  /** Since when each has been asked; what is heard of it makes it another object, which has not. */
  readonly #asked = new WeakMap<Service, { readonly since: number; told: boolean }>()
  #refusedAt = Number.NEGATIVE_INFINITY

  /** Those whose place is known. */
  get known(): ReadonlyArray<Service> {
    return [...this.#all.values()].filter((one) => one.port !== undefined)
  }

  /** Names of those whose place is not. */
  get incomplete(): ReadonlyArray<string> {
    return [...this.#all.values()].flatMap(({ label, port }) => (port === undefined ? [label] : []))
  }

  /** What the host at this address has just said. */
  hear(address: string, said: ReadonlyArray<Heard>, now: number): News {
    let changed = false
    for (const one of said) changed = this.#take(address, one, now) || changed
    const isIncomplete = ({ label }: Heard) => {
      const known = this.#all.get(keyOf({ address, label }))
      return known !== undefined && known.port === undefined
    }
    return { changed, incomplete: said.some(isIncomplete) }
  }

  /** Those that nobody has spoken of for too long go, and those of hosts that are out of reach. Says whether any did. */
  expire(now: number, isReachable: (address: string) => boolean): boolean {
    const gone = [...this.#all.values()].filter(({ address, expiresAt }) => expiresAt <= now || !isReachable(address))
    for (const one of gone) this.#remove(one)
    return gone.some(({ port }) => port !== undefined)
  }

  /** Whether it is time to ask. */
  isToRenew(now: number): boolean {
    return this.known.some(({ renewAt }) => renewAt <= now)
  }

  /** All have been asked. */
  ask(now: number): void {
    for (const one of this.known) {
      this.#asked.set(one, { since: this.#asked.get(one)?.since ?? now, told: false })
    }
  }

  /** Those that have been asked and had time to answer, and have not. After each question they are told once. */
  takeSilent(now: number): ReadonlyArray<Service> {
    return this.known.filter((one) => {
      const asked = this.#asked.get(one)
      if (asked === undefined || asked.told || now - asked.since < answerTime) return false
      asked.told = true
      return true
    })
  }

  /** Removes it, unless it has been heard of since. Says whether it did. */
  forget(service: Service): boolean {
    return this.#all.get(keyOf(service)) === service && this.#remove(service)
  }

  /** Whether some were lately left out for want of room. */
  isOverfull(now: number): boolean {
    return now - this.#refusedAt < remembered
  }

  #take(address: string, said: Heard, now: number): boolean {
    const { label, ttl } = said
    const before = this.#all.get(keyOf({ address, label }))
    if (ttl === 0) return before !== undefined && this.#remove(before) && before.port !== undefined
    if (said._tag === "Pointer") {
      if (before === undefined) this.#put({ address, label, port: undefined, expiresAt: now + patience }, now)
      return false
    }
    const { port, target } = said
    const life = Math.min(ttl * 1000, longestLife)
    const kept = this.#put({ address, label, port, target, expiresAt: now + life, renewAt: now + 0.8 * life }, now)
    return kept && (before?.port !== port || before.target !== target)
  }

  #put(service: Service | Named, now: number): boolean {
    const key = keyOf(service)
    if (!this.#all.has(key)) {
      const ofHost = this.#ofHost.get(service.address) ?? 0
      if (this.#all.size >= mostServices || ofHost >= mostOfOneHost) {
        this.#refusedAt = now
        return false
      }
      this.#ofHost.set(service.address, ofHost + 1)
    }
    this.#all.set(key, service)
    return true
  }

  #remove(service: Service | Named): boolean {
    const left = (this.#ofHost.get(service.address) ?? 0) - 1
    if (left > 0) this.#ofHost.set(service.address, left)
    else this.#ofHost.delete(service.address)
    return this.#all.delete(keyOf(service))
  }
}
