/**
 * The ids in opencode's routes. Each has a pattern, so an id such as `x/../../instance/dispose` is rejected before a
 * request is sent.
 */
import { Clock, Effect, Random, Schema } from "effect"

const id = (...prefixes: ReadonlyArray<string>) =>
  Schema.String.check(
    Schema.isPattern(new RegExp(`^(?:${prefixes.join("|")})_[A-Za-z0-9_]{1,120}$`, "u"), {
      expected: `an id that begins with ${prefixes.map((prefix) => `"${prefix}_"`).join(" or ")}`,
    }),
  )

export const SessionId = id("ses").pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** A client can choose the id of its prompt; opencode 2 takes any characters. */
export const MessageId = Schema.String.check(
  Schema.isPattern(/^msg_[A-Za-z0-9_-]{1,120}$/u, { expected: 'an id that begins with "msg_"' }),
).pipe(Schema.brand("MessageId"))
export type MessageId = typeof MessageId.Type

export const PermissionId = id("per").pipe(Schema.brand("PermissionId"))
export type PermissionId = typeof PermissionId.Type

/** opencode 2 asks its questions as forms. */
export const QuestionId = id("que", "frm").pipe(Schema.brand("QuestionId"))
export type QuestionId = typeof QuestionId.Type

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** An id in opencode's own form: 48 bits of time in hex, then 14 random characters. */
const freshId = Effect.fnUntraced(function* (toBits: (time: bigint) => bigint) {
  const now = yield* Clock.currentTimeMillis
  const time = BigInt.asUintN(48, toBits(BigInt(now) * 4096n + 1n))
    .toString(16)
    .padStart(12, "0")
  const random = yield* Effect.replicateEffect(Random.nextIntBetween(0, base62.length - 1), 14)
  return `${time}${random.map((index) => base62.charAt(index)).join("")}`
})

/**
 * A fresh message id. Each prompt needs one: opencode 1 appends the text of a prompt with a known id to the older message, and
 * starts no turn.
 */
export const freshMessageId: Effect.Effect<MessageId> = Effect.map(
  freshId((time) => time),
  (id) => MessageId.make(`msg_${id}`),
)

/** A fresh session id, for opencode 2. The newest session has the smallest. */
export const freshSessionId: Effect.Effect<SessionId> = Effect.map(
  freshId((time) => ~time),
  (id) => SessionId.make(`ses_${id}`),
)
