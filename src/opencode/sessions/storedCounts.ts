/** The counts of messages that outlive this process, shared by all opencode-fleet servers of this user. */
import { Effect, Schema } from "effect"
import { CacheFiles } from "../../machine/CacheFiles.ts"

/** The number of messages that a session had when it was last changed. Times are epoch milliseconds. */
interface StoredCount {
  readonly updated: number
  /** When its last turn had ended; 0 if the server does not store that. */
  readonly idle: number
  readonly count: number
  /** Whether there are more messages than `count`. */
  readonly more: boolean
}

/** By session. Ids are unique across servers and machines, so it does not matter which instance has the session. */
export type StoredCounts = Map<string, StoredCount>

/** Maximum number of sessions, the most recently counted ones. */
const maxSessions = 2000

const file = "message-counts.json"

const Numbers = Schema.Tuple([Schema.Finite, Schema.Finite, Schema.Int, Schema.Boolean])

/** By session, the oldest count first. */
const Content = Schema.fromJsonString(Schema.Record(Schema.String, Numbers))

const decode = Schema.decodeEffect(Content)
const encode = Schema.encodeEffect(Content)

/** Puts a count last. */
export const put = (counts: StoredCounts, session: string, count: StoredCount) => {
  counts.delete(session)
  counts.set(session, count)
  for (const [oldest] of counts) {
    if (counts.size <= maxSessions) break
    counts.delete(oldest)
  }
}

/** Empty if there is no usable file. */
export const readCounts = Effect.gen(function* () {
  const content = yield* (yield* CacheFiles).read(file)
  const stored = yield* Effect.orElseSucceed(decode(content ?? "{}"), (): typeof Content.Type => ({}))
  return new Map(
    Object.entries(stored).map(([id, [updated, idle, count, more]]): [string, StoredCount] => [
      id,
      { updated, idle, count, more },
    ]),
  )
})

/** Adds to what other processes have stored. Of two counts of a session, that of its later update stays. */
export const writeCounts = Effect.fnUntraced(function* (counts: StoredCounts) {
  const merged: StoredCounts = yield* readCounts
  for (const [id, count] of counts) {
    if (count.updated >= (merged.get(id)?.updated ?? 0)) put(merged, id, count)
  }
  const numbers = Array.from(merged, ([id, { count, idle, more, updated }]): [string, typeof Numbers.Type] => [
    id,
    [updated, idle, count, more],
  ])
  const content = yield* Effect.orDie(encode(Object.fromEntries(numbers)))
  yield* (yield* CacheFiles).write(file, content)
})
