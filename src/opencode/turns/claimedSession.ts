/**
 * One turn at a time across the opencode-fleet servers of this user on this machine, and of all that share a database: between
 * reading that a session is idle and opencode reporting it as busy, no other server may do the same.
 */
import { Effect, Fiber, Ref, Schedule, type Scope } from "effect"
import { type Claim, SessionClaims } from "../../machine/SessionClaims.ts"
import type { ClientError } from "../errors.ts"
import type { SessionBusy } from "./sendErrors.ts"
import type { Notices } from "../events/InstanceEvents.ts"
import type { MessageId } from "../Identifiers.ts"
import type { PromptChoice } from "../Opencode.ts"
import { awaitIdle, type IfBusy, sessionBusy } from "./sessionQueue.ts"
import type { SessionAddress } from "./SessionAddress.ts"
import { statusOf } from "./storedTurn.ts"

export interface ClaimedSession {
  /** Whether a turn is running in it. */
  readonly isBusy: boolean
  /** Ends the claim; undefined if claims cannot be made here. The scope does so, too. */
  readonly release: Effect.Effect<void> | undefined
  /** What `prepare` has returned, which was run at the same time as the session's status was read. */
  readonly prepared: Effect.Effect<PromptChoice, ClientError>
}

/** Another server holds a claim for about as long as its turn takes to start. */
const tryAgain = "100 millis"

const claimScoped = Effect.fnUntraced(function* (session: string): Effect.fn.Return<Claim, never, Scope.Scope> {
  const claims = yield* SessionClaims
  return yield* Effect.acquireRelease(
    claims.claim(session),
    (claim) => (typeof claim === "string" ? Effect.void : claim.release),
    { interruptible: true },
  )
})

type Prepare = Effect.Effect<PromptChoice, ClientError>

const isBusyNow = ({ opencode, session }: SessionAddress) =>
  Effect.map(statusOf(opencode, session), ({ type }) => type !== "idle")

/**
 * How long opencode may take to show the turn of a message that a killed server has sent. Tests saw 2 s on a machine under load.
 */
const untilShown = Schedule.upTo(Schedule.spaced("100 millis"), { duration: "5 seconds" })

/** Waits for a turn that another server may have begun right before it was killed. */
const becomesBusy = (address: SessionAddress) =>
  Effect.repeat(isBusyNow(address), { until: (isBusy) => isBusy, schedule: untilShown })

/** Reads whether a turn is running in the session, and prepares a prompt at the same time: a short turn waits for both. */
export const stateOf = Effect.fnUntraced(function* (
  address: SessionAddress,
  prepare: Prepare,
): Effect.fn.Return<Omit<ClaimedSession, "release">, ClientError, Scope.Scope> {
  const preparing = yield* Effect.forkScoped(prepare)
  const isBusy = yield* isBusyNow(address)
  return { isBusy, prepared: Fiber.join(preparing) }
})

/**
 * Waits for the session according to `ifBusy`, and claims it. Fails with `SessionBusy` if another server has claimed it.
 * `isBehind` is true while it waits for another turn, and false while it waits for opencode's answers.
 */
export const claimSession = Effect.fnUntraced(function* (
  address: SessionAddress,
  ifBusy: Exclude<IfBusy, "steer">,
  notices: Notices,
  prepare: Prepare,
  isBehind: Ref.Ref<boolean>,
): Effect.fn.Return<ClaimedSession, ClientError | SessionBusy, Scope.Scope> {
  while (true) {
    const claim = yield* claimScoped(address.session.id)
    if (claim === "taken") {
      if (ifBusy === "fail") return yield* sessionBusy(address)
      yield* Ref.set(isBehind, true)
      yield* Effect.sleep(tryAgain)
      continue
    }
    yield* Ref.set(isBehind, false)
    const release = claim === "unavailable" ? undefined : claim.release
    const first = yield* stateOf(address, prepare)
    const abandoned = claim === "unavailable" ? undefined : claim.abandoned
    const isBusy = first.isBusy || (abandoned !== undefined && (yield* becomesBusy(address)))
    yield* abandoned ?? Effect.void
    if (!isBusy || ifBusy === "fail") return { ...first, isBusy, release }
    // Most sessions are idle, so the wait comes after the claim.
    yield* release ?? Effect.void
    yield* Ref.set(isBehind, true)
    yield* awaitIdle(address, notices)
  }
})

/** Does the work while no other server does such work in the session, whether a turn is running or not. */
export const whileClaimed = <A, E>({ session }: SessionAddress, work: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  claimScoped(session.id).pipe(
    Effect.repeat({ while: (claim) => claim === "taken", schedule: Schedule.spaced(tryAgain) }),
    Effect.andThen(work),
    Effect.scoped,
  )

/** Most turns show at once; an opencode under load may take seconds. */
const untilBusy = Schedule.upTo(Schedule.min([Schedule.exponential("50 millis", 1.1), Schedule.spaced("1 second")]), {
  duration: "30 seconds",
})

/**
 * Ends the claim once opencode reports the turn of the prompt as running, or has answered it. An opencode that cannot be read for
 * a moment says neither.
 */
export const releaseWhenBusy = (
  { opencode, session }: SessionAddress,
  prompt: MessageId,
  release: Effect.Effect<void>,
) =>
  Effect.gen(function* () {
    if ((yield* statusOf(opencode, session)).type !== "idle") return true
    const newest = (yield* opencode.messages(session.id, { limit: 1 })).messages.at(-1)?.info
    return newest?.role === "assistant" && newest.parentID === prompt
  }).pipe(
    Effect.orElseSucceed(() => false),
    Effect.repeat({ until: (hasBegun) => hasBegun, schedule: untilBusy }),
    Effect.ensuring(release),
  )
