/** What uses a session: requests that are open, among them streams, and calls that are running. */
import { Effect, identity, Schedule } from "effect"

/** A client without a connection for this long may never come back. */
const goneAfterMs = 60 * 1000

const checkGoneEvery = "5 seconds"

/** `now` in milliseconds. */
export const makeSessionUse = (now: () => number) => {
  let uses = 0
  let lastUsedAt = now()
  let connections = 0
  let lastConnectedAt = now()

  /** Begins a use. Returns its end. */
  const use = () => {
    uses++
    return (): void => {
      uses--
      lastUsedAt = now()
    }
  }
  return {
    use,
    /** A use by a request, which shows that the client is there. */
    connect: () => {
      const end = use()
      connections++
      return (): void => {
        end()
        connections--
        lastConnectedAt = now()
      }
    },
    isIdle: () => uses === 0,
    lastUsedAt: () => lastUsedAt,
    /** Completes when the client has had no connection for a minute. */
    clientGone: Effect.sync(() => connections === 0 && now() - lastConnectedAt >= goneAfterMs).pipe(
      Effect.repeat({ until: identity<boolean>, schedule: Schedule.spaced(checkGoneEvery) }),
      Effect.asVoid,
    ),
  }
}
