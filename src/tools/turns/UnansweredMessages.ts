/**
 * Messages that were sent by a call whose caller went away before it was told what became of them. A model that calls again
 * with the same arguments then follows that turn, so the message is not sent twice.
 *
 * They are stored in a file, because the end of a client ends its server, too.
 */
import { Clock, Context, Duration, Effect, Layer, Schema, Semaphore } from "effect"
import { CacheFiles } from "../../machine/CacheFiles.ts"
import { MessageId, type SessionId } from "../../opencode/Identifiers.ts"
import { digest } from "../../text/digest.ts"

/** What makes a call the same. */
export interface MessageCall {
  readonly session: SessionId
  readonly text: string
  readonly agent?: string | undefined
  readonly model?: string | undefined
}

export interface UnansweredMessage {
  readonly prompt: MessageId
  /** Whether opencode had confirmed the message. */
  readonly accepted: boolean
}

export interface UnansweredMessagesValues {
  /** The message of an earlier call, if its caller went away less than {@link rememberedFor} ago. */
  readonly find: (call: MessageCall) => Effect.Effect<UnansweredMessage | undefined>
  readonly remember: (call: MessageCall, message: UnansweredMessage) => Effect.Effect<void>
  /** A caller was told what became of the message, so the same call sends it again. */
  readonly forget: (prompt: MessageId) => Effect.Effect<void>
}

/** Default: none. For a person at a terminal, who knows what was sent. The layers of toolkits provide those of this user. */
export const UnansweredMessages = Context.Reference<UnansweredMessagesValues>(
  "opencode-fleet/tools/UnansweredMessages",
  {
    defaultValue: () => ({ find: () => Effect.undefined, remember: () => Effect.void, forget: () => Effect.void }),
  },
)

const rememberedFor = Duration.minutes(10)

/** Maximum number of messages, the newest ones. */
const maxMessages = 200

const file = "unanswered-messages.json"

const Entry = Schema.Struct({ call: Schema.String, prompt: MessageId, accepted: Schema.Boolean, at: Schema.Finite })
type Entry = typeof Entry.Type

const Content = Schema.fromJsonString(Schema.Array(Entry))
const decode = Schema.decodeEffect(Content)
const encode = Schema.encodeEffect(Content)

/** The text of a message is not stored. Ids of sessions are unique across servers and machines. */
const keyOf = ({ agent = "", model = "", session, text }: MessageCall): string =>
  digest(JSON.stringify([session, text, agent, model])).toString("base64url")

const make = Effect.gen(function* () {
  const files = yield* CacheFiles
  const oneChange = yield* Semaphore.make(1)
  /** Those of this process, in case the file cannot be written. */
  let own: ReadonlyArray<Entry> = []

  const read = Effect.gen(function* () {
    const stored = yield* Effect.orElseSucceed(
      decode((yield* files.read(file)) ?? "[]"),
      (): ReadonlyArray<Entry> => [],
    )
    const oldest = (yield* Clock.currentTimeMillis) - Duration.toMillis(rememberedFor)
    const others = stored.filter(({ prompt }) => !own.some((entry) => entry.prompt === prompt))
    return [...others, ...own].filter(({ at }) => at > oldest)
  })

  const change = (next: (before: ReadonlyArray<Entry>) => ReadonlyArray<Entry>) =>
    Effect.gen(function* () {
      const before = yield* read
      const after = next(before).slice(-maxMessages)
      own = next(own).slice(-maxMessages)
      if (after.length === before.length && after.every((entry, index) => entry === before[index])) return
      yield* files.write(file, yield* Effect.orDie(encode(after)))
    }).pipe(oneChange.withPermit)

  return {
    find: (call) =>
      Effect.map(read, (entries) => {
        const key = keyOf(call)
        return entries.findLast((entry) => entry.call === key)
      }),
    remember: (call, message) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        const entry = { ...message, call: keyOf(call), at }
        return change((before) => [...before.filter(({ prompt }) => prompt !== message.prompt), entry])
      }),
    forget: (prompt) => change((before) => before.filter((entry) => entry.prompt !== prompt)),
  } satisfies UnansweredMessagesValues
})

/** Stored in the files of `CacheFiles`. */
export const layer = Layer.effect(UnansweredMessages, make)
