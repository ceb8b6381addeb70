/** A tunnel over an ssh in memory. */
import { Clock, Effect, Exit, Logger, Scope, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { keepTunnel } from "../../../src/connect/tunnel/Tunnel.ts"

export const registration = { name: "it's", hostname: "laptop", port: 4096, localPort: 4096, cwd: "/work" }

/** Starts a tunnel in a scope of its own. */
export const start = Effect.fnUntraced(function* (isHealthy = Effect.succeed(true)) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const clock = yield* Clock.Clock
  let slept = 0
  const now = () => clock.currentTimeMillisUnsafe() + slept
  const state = yield* keepTunnel({
    command: "ssh me@relay",
    directory: "~/my relay",
    file: "it.json",
    registration,
    isHealthy,
  }).pipe(
    Scope.provide(scope),
    Effect.provideService(Clock.Clock, {
      ...clock,
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect.sync(now),
    }),
  )
  return {
    state: SubscriptionRef.get(state),
    end: Scope.close(scope, Exit.void),
    /** Puts the machine to sleep: the wall clock advances, timers do not. */
    sleep: (milliseconds: number) => Effect.sync(() => void (slept += milliseconds)),
  }
})

/** Runs everything that needs no time. */
export const settle = Effect.replicateEffect(Effect.yieldNow, 50, { discard: true })

/** Advances the clock in small steps, and runs what each step triggers. */
export const seconds = (count: number) =>
  settle.pipe(
    Effect.andThen(TestClock.adjust(250)),
    Effect.andThen(settle),
    Effect.replicateEffect(count * 4, { discard: true }),
  )

/** Collects log lines. */
export const makeLog = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  return { lines, layer: Logger.layer([logger]) }
}
