/** Finds the opencodes among many ports, scan after scan, without asking anybody more often than need be. */
import { Array, Clock, Duration, Effect, Order } from "effect"
import { Identification, type Identity, type Verdict } from "./Identification.ts"

/** A port that may be an opencode's. */
export interface Candidate {
  /** Tells it from a server that has the same URL later. */
  readonly key: string
  readonly url: string
  /** Whether the password may be sent there once it has shown itself to be an opencode that asks for one. */
  readonly mayHavePassword: boolean
  /** What is known of it speaks for an opencode: it is asked first, and need not be spared. */
  readonly likely: boolean
}

export interface Identified<A> {
  readonly candidate: A
  readonly identity: Identity
}

export interface Found<A> {
  readonly opencodes: ReadonlyArray<Identified<A>>
  /** Candidates that answered, but not as opencode does. */
  readonly others: ReadonlyArray<A>
  /** Candidates for which there was no time. The next call begins with them. */
  readonly unasked: number
}

export interface IdentifierOptions {
  /** How many are asked at once. */
  readonly atOnce: number
  /** Bound on one request, in milliseconds. */
  readonly timeout: number
  /** After this nobody else is asked. */
  readonly patience: Duration.Input
}

interface Memo {
  readonly askedAt: number
  readonly verdict: Verdict
}

/** What a candidate was found to be holds for so long. */
const pause = Duration.toMillis("1 minute")

/** An opencode that did not say where it works may say it soon. */
const shortPause = Duration.toMillis("10 seconds")

/** Where nothing listens nobody is disturbed. */
const pauseAfter = ({ verdict }: Memo, { likely }: Candidate): number => {
  switch (verdict._tag) {
    case "Opencode":
      return verdict.place === undefined ? shortPause : pause
    case "Refused":
      return 0
    default:
      return likely ? 0 : pause
  }
}

/** Who says nothing now is what it was. An opencode stays where it works. */
const learnt = (before: Verdict | undefined, now: Verdict): Verdict => {
  if (now._tag === "Silent" && (before?._tag === "Opencode" || before?._tag === "Other")) return before
  return before?._tag === "Opencode" && now._tag === "Opencode" && now.place === undefined
    ? { ...now, place: before.place }
    : now
}

/** Who has never been asked comes before those who have. */
const bySuspicion = Order.combine(
  Order.mapInput(Order.flip(Order.Boolean), ([{ likely }]: readonly [Candidate, Memo | undefined]) => likely),
  Order.mapInput(Order.Number, ([, memo]: readonly [Candidate, Memo | undefined]) => memo?.askedAt ?? 0),
)

/** One for each transport: it remembers what became of those that it is given again. */
export const identifier = Effect.fnUntraced(function* ({ atOnce, patience, timeout }: IdentifierOptions) {
  const { identify } = yield* Identification
  const memos = new Map<string, Memo>()

  const ask = Effect.fnUntraced(function* (candidate: Candidate, before: Memo | undefined) {
    const askedAt = yield* Clock.currentTimeMillis
    const verdict = learnt(before?.verdict, yield* identify({ ...candidate, timeout }))
    // A broken connection makes no stranger of an opencode: it is asked once more by the next scan.
    const isDoubtful = before?.verdict._tag === "Opencode" && verdict._tag === "Other"
    memos.set(candidate.key, { askedAt: isDoubtful ? Number.NEGATIVE_INFINITY : askedAt, verdict })
  })

  return Effect.fnUntraced(function* <A extends Candidate>(candidates: ReadonlyArray<A>): Effect.fn.Return<Found<A>> {
    const keys = new Set(candidates.map(({ key }) => key))
    for (const key of memos.keys()) if (!keys.has(key)) memos.delete(key)
    const start = yield* Clock.currentTimeMillis
    const due = candidates
      .map((candidate) => [candidate, memos.get(candidate.key)] as const)
      .filter(([candidate, memo]) => memo === undefined || start - memo.askedAt >= pauseAfter(memo, candidate))
    const deadline = start + Duration.toMillis(patience)
    const asked = yield* Effect.forEach(
      Array.sort(due, bySuspicion),
      ([candidate, memo]) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now >= deadline ? Effect.succeed(false) : Effect.as(ask(candidate, memo), true),
        ),
      { concurrency: atOnce },
    )
    return {
      opencodes: candidates.flatMap((candidate) => {
        const verdict = memos.get(candidate.key)?.verdict
        return verdict?._tag === "Opencode" ? [{ candidate, identity: verdict }] : []
      }),
      others: candidates.filter(({ key }) => memos.get(key)?.verdict._tag === "Other"),
      unasked: asked.filter((one) => !one).length,
    }
  })
})

/** Why the password is not sent to an opencode that was found like this; `reason` if it may not have it. None if it is sent. */
export const withheld = ({ candidate, identity }: Identified<Candidate>, reason: string): string | undefined =>
  !identity.locked
    ? "it did not ask for one when it was found; the next scan sees whether it does"
    : candidate.mayHavePassword
      ? undefined
      : reason
