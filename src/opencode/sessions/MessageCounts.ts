/**
 * The number of messages in a session. opencode stores no count, so messages must be read to count them. Therefore a count is
 * remembered until the session changes, also by later processes, and an answer that shows many sessions never waits for one.
 */
import { Context, Effect, Fiber, Layer, References, Semaphore, Tracer } from "effect"
import { CacheFiles } from "../../machine/CacheFiles.ts"
import type { ClientError } from "../errors.ts"
import { mediumAnswer, MaxResponseBytes } from "../http/MaxResponseBytes.ts"
import { OpencodeClient } from "../Opencode.ts"
import type { Target } from "../Target.ts"
import type { Session } from "./Session.ts"
import { put, readCounts, type StoredCounts, writeCounts } from "./storedCounts.ts"

export interface MessageCount {
  readonly count: number
  /** Whether there are more messages than `count`. */
  readonly more: boolean
}

/** Further messages are not counted. */
const countBound = 100

/**
 * After a page that has made it this much, the other messages of a session are not counted: to read twenty sessions of a
 * hundred long messages each would take tens of megabytes of memory, which Node does not give back.
 */
const maxBytes = 512 * 1024

/** Messages read by one request, because a page may hold megabytes. */
const pageSize = 20

/** Number of sessions that are counted in the background concurrently: a page of long messages takes megabytes of memory. */
const concurrency = 1

/** Maximum number of sessions that one call has counted in the background: the messages of many would be a large transfer. */
const maxLater = 20

/** The longest time that the count of one session may take. */
const longestCount = "30 seconds"

/** After a new count, so that the counts of one answer are written together. */
const writeAfter = "2 seconds"

const idleOf = ({ time: { idle = 0 } }: Session) => idle

export class MessageCounts extends Context.Service<
  MessageCounts,
  {
    /** Counts now, at most {@link countBound} messages, fewer of long ones. The count of a running session is not remembered. */
    readonly count: (target: Target, session: Session, running: boolean) => Effect.Effect<MessageCount, ClientError>
    /**
     * The remembered count; undefined if there is none, or the session has changed since. Not for a running session, whose
     * `time.updated` does not change with each message. Asks opencode nothing.
     */
    readonly known: (session: Session) => Effect.Effect<MessageCount | undefined>
    /** Remembers the count of an idle session that was counted after `session` was read. */
    readonly remember: (session: Session, count: MessageCount) => Effect.Effect<void>
    /**
     * Counts in the background what is not remembered, of the first 20 of these sessions, which must be idle. The effect that
     * it returns waits for that.
     */
    readonly countLater: (target: Target, sessions: ReadonlyArray<Session>) => Effect.Effect<Effect.Effect<void>>
  }
>()("opencode-fleet/opencode/MessageCounts") {
  static readonly layer = Layer.effect(
    MessageCounts,
    Effect.gen(function* () {
      const client = yield* OpencodeClient
      const scope = yield* Effect.scope
      const withFiles = Effect.provideService(CacheFiles, yield* CacheFiles)
      const remembered: StoredCounts = new Map()
      const load = yield* Effect.cached(
        Effect.map(withFiles(readCounts), (stored) => {
          for (const [id, count] of stored) if (!remembered.has(id)) put(remembered, id, count)
        }),
      )

      /** Those that are not written yet. */
      let fresh: StoredCounts = new Map()
      const write = Effect.suspend(() => {
        const counts = fresh
        fresh = new Map()
        return counts.size === 0 ? Effect.void : withFiles(writeCounts(counts))
      })
      // Not worth waiting for a hung mount at the end of the program.
      yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.interruptible(write), "500 millis"))

      const remember = (session: Session, { count, more }: MessageCount) =>
        Effect.suspend(() => {
          const stored = { updated: session.time.updated, idle: idleOf(session), count, more }
          const isFirst = fresh.size === 0
          put(remembered, session.id, stored)
          put(fresh, session.id, stored)
          return isFirst ? Effect.asVoid(Effect.forkIn(Effect.delay(write, writeAfter), scope)) : Effect.void
        })

      const known = Effect.fnUntraced(function* (session: Session) {
        yield* load
        const found = remembered.get(session.id)
        const isCurrent = found?.updated === session.time.updated && found.idle === idleOf(session)
        return found !== undefined && isCurrent
          ? ({ count: found.count, more: found.more } satisfies MessageCount)
          : undefined
      })

      const read = Effect.fnUntraced(
        function* (target: Target, { id }: Session) {
          const opencode = client.at(target)
          let count = 0
          let bytes = 0
          let before: string | undefined
          do {
            const page = { limit: pageSize, ...(before === undefined ? {} : { before }) }
            const counted = yield* opencode.countMessages(id, page)
            count += counted.count
            before = counted.older
            bytes += counted.bytes
          } while (before !== undefined && count < countBound && bytes < maxBytes)
          return { count, more: before !== undefined } satisfies MessageCount as MessageCount
        },
        Effect.provideService(MaxResponseBytes, mediumAnswer),
      )

      const count = Effect.fnUntraced(function* (target: Target, session: Session, running: boolean) {
        if (running) return yield* read(target, session)
        const before = yield* known(session)
        if (before !== undefined) return before
        return yield* Effect.tap(read(target, session), (counted) => remember(session, counted))
      })

      const turns = yield* Semaphore.make(concurrency)
      const counting = new Map<string, Fiber.Fiber<void>>()
      const countInBackground = (target: Target, session: Session) =>
        count(target, session, false).pipe(
          Effect.timeout(longestCount),
          // The next answer that shows the session has it counted again.
          Effect.ignore({ log: "Debug", message: "the messages of a session could not be counted" }),
          turns.withPermit,
          Effect.ensuring(Effect.sync(() => counting.delete(session.id))),
          // The call that asked has ended.
          Effect.provideService(References.TracerEnabled, false),
          Effect.provideService(Tracer.DisablePropagation, true),
        )

      const countLater = Effect.fnUntraced(function* (target: Target, sessions: ReadonlyArray<Session>) {
        const fibers: Array<Fiber.Fiber<void>> = []
        for (const session of sessions.slice(0, maxLater)) {
          if ((yield* known(session)) !== undefined) continue
          const fiber = counting.get(session.id) ?? (yield* Effect.forkIn(countInBackground(target, session), scope))
          counting.set(session.id, fiber)
          fibers.push(fiber)
        }
        return Effect.forEach(fibers, (fiber) => Fiber.await(fiber), { discard: true })
      })

      return MessageCounts.of({ count, known, remember, countLater })
    }),
  )
}
