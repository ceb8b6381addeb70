/** The logins of browsers: a cookie with a random key of this process stands for the token that a person typed. */
import { Clock, Duration, Effect, Redacted } from "effect"
import { createHmac, randomBytes } from "node:crypto"

/** A login that was not used for this long ends. */
const idleAfter = Duration.toMillis("12 hours")

/** Maximum number of logins. The one that was not used for the longest time ends first. */
const maxLogins = 100

interface Login {
  readonly token: Redacted.Redacted
  usedAt: number
}

export class Logins {
  readonly #secret = randomBytes(32)
  /** By key, the least recently used first. */
  readonly #logins = new Map<string, Login>()

  /** Returns the key of the cookie. */
  readonly add = (token: Redacted.Redacted) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const key = randomBytes(32).toString("base64url")
      this.#logins.set(key, { token, usedAt: now })
      for (const [oldest] of this.#logins) {
        if (this.#logins.size <= maxLogins) break
        this.#logins.delete(oldest)
      }
      return key
    })

  /** The token of a login; undefined if there is none, or no longer. */
  readonly token = (key: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const login = this.#logins.get(key)
      if (login === undefined) return undefined
      this.#logins.delete(key)
      if (now - login.usedAt > idleAfter) return undefined
      this.#logins.set(key, { ...login, usedAt: now })
      return login.token
    })

  readonly remove = (key: string) => Effect.sync(() => this.#logins.delete(key))

  /** What a form of this browser must carry, so that no other page can send one. */
  formKey(owner: string): string {
    return createHmac("sha256", this.#secret).update(owner).digest("base64url")
  }
}
