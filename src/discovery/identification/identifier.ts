/** Finds the opencodes among many candidates, and probes each of them no more often than necessary. */
import { Array, Clock, Duration, Effect, Order } from "effect"
import { Identification, type Identity, type Verdict } from "./Identification.ts"

/** A URL at which an opencode may listen. */
export interface Candidate {
  /** Identifies the server, as opposed to a later one at the same URL. */
  readonly key: string
  readonly url: string
  /** Whether the password may be sent once the server has answered as an opencode that requires one. */
  readonly mayHavePassword: boolean
  /** Whether it is probably an opencode. If so, it is probed first, and in every scan until it answers. */
  readonly likely: boolean
}

export interface Identified<A> {
  readonly candidate: A
  readonly identity: Identity
}

export interface IdentifiedCandidates<A> {
  readonly opencodes: ReadonlyArray<Identified<A>>
  /** Candidates that answered, but not as opencode does. */
  readonly others: ReadonlyArray<A>
  /** How many candidates were not probed because time ran out. The next call starts with them. */
  readonly unprobed: number
}

export interface IdentifierOptions {
  /** How many candidates are probed at the same time. */
  readonly concurrency: number
  /** Timeout of one request in milliseconds. */
  readonly timeout: number
  /** No probe is started after this time. */
  readonly timeBudget: Duration.Input
}

interface Memo {
  readonly probedAt: number
  readonly verdict: Verdict
}

/** How long a verdict is cached. */
const verdictLife = Duration.toMillis("1 minute")

/** How long the verdict on an opencode with an unknown directory is cached. */
const incompleteVerdictLife = Duration.toMillis("10 seconds")

/** Milliseconds. Refused connections are not cached, because probing a closed port disturbs no server. */
const lifeOf = ({ verdict }: Memo, { likely }: Candidate): number => {
  switch (verdict._tag) {
    case "Opencode":
      return verdict.location === undefined && verdict.api !== 2 ? incompleteVerdictLife : verdictLife
    case "Refused":
      return 0
    default:
      return likely ? 0 : verdictLife
  }
}

/** A timeout does not change a known verdict; a known opencode keeps its last directory. */
const updated = (before: Verdict | undefined, now: Verdict): Verdict => {
  if (now._tag === "Silent" && (before?._tag === "Opencode" || before?._tag === "Other")) return before
  return before?._tag === "Opencode" && now._tag === "Opencode" && now.location === undefined
    ? { ...now, location: before.location }
    : now
}

/** Likely candidates first, then those never probed, then the least recently probed. */
const byPriority = Order.combine(
  Order.mapInput(Order.flip(Order.Boolean), ([{ likely }]: readonly [Candidate, Memo | undefined]) => likely),
  Order.mapInput(Order.Number, ([, memo]: readonly [Candidate, Memo | undefined]) => memo?.probedAt ?? 0),
)

/** Makes a function that identifies candidates and caches their verdicts. Each transport has its own. */
export const identifier = Effect.fnUntraced(function* ({ concurrency, timeBudget, timeout }: IdentifierOptions) {
  const { identify } = yield* Identification
  const memos = new Map<string, Memo>()

  const probe = Effect.fnUntraced(function* (candidate: Candidate, before: Memo | undefined) {
    const probedAt = yield* Clock.currentTimeMillis
    const verdict = updated(before?.verdict, yield* identify({ ...candidate, timeout }))
    // A broken connection does not prove that it is another server, so the next scan probes it again.
    const isDoubtful = before?.verdict._tag === "Opencode" && verdict._tag === "Other"
    memos.set(candidate.key, { probedAt: isDoubtful ? Number.NEGATIVE_INFINITY : probedAt, verdict })
  })

  return Effect.fnUntraced(function* <A extends Candidate>(
    candidates: ReadonlyArray<A>,
  ): Effect.fn.Return<IdentifiedCandidates<A>> {
    const keys = new Set(candidates.map(({ key }) => key))
    for (const key of memos.keys()) if (!keys.has(key)) memos.delete(key)
    const start = yield* Clock.currentTimeMillis
    const due = candidates
      .map((candidate) => [candidate, memos.get(candidate.key)] as const)
      .filter(([candidate, memo]) => memo === undefined || start - memo.probedAt >= lifeOf(memo, candidate))
    const deadline = start + Duration.toMillis(timeBudget)
    const probed = yield* Effect.forEach(
      Array.sort(due, byPriority),
      ([candidate, memo]) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now >= deadline ? Effect.succeed(false) : Effect.as(probe(candidate, memo), true),
        ),
      { concurrency },
    )
    return {
      opencodes: candidates.flatMap((candidate) => {
        const verdict = memos.get(candidate.key)?.verdict
        return verdict?._tag === "Opencode" ? [{ candidate, identity: verdict }] : []
      }),
      others: candidates.filter(({ key }) => memos.get(key)?.verdict._tag === "Other"),
      unprobed: probed.filter((one) => !one).length,
    }
  })
})

/** Why the password is not sent to an identified opencode: `reason` if it is untrusted. Undefined if it is sent. */
export const withheld = ({ candidate, identity }: Identified<Candidate>, reason: string): string | undefined =>
  !identity.requiresPassword
    ? "it did not require one when it was found; the next scan checks again"
    : candidate.mayHavePassword
      ? undefined
      : reason
