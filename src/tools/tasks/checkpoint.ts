/**
 * What the id of a task says about the turn that it follows: enough to follow it again after a restart, in at most about 115
 * characters. It comes back from the client, so it leads to nothing but reading.
 */
import { Effect, Option, Schema } from "effect"
import type { CallValues } from "../../mcp/Call.ts"
import { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import { digest } from "../../text/digest.ts"

export type Checkpoint = {
  /** The instance's name, or {@link shortName} of a long one. */
  readonly instance: string
  readonly session: SessionId
} & (
  | { readonly _tag: "Turn"; readonly prompt: MessageId }
  /** A message that may be waiting for its turn: its digest, and the time from which on it can have been sent. */
  | { readonly _tag: "Message"; readonly digest: string; readonly since: number }
  /** The session's last turn. */
  | { readonly _tag: "Last" }
)

const digestLength = 16

const hash = (text: string): string => digest(text).toString("base64url").slice(0, digestLength)

/** Distinguishes messages of one session within the life of a task. */
export const messageDigest = (text: string): string => hash(text.trim())

/** Characters of an instance's name in a checkpoint. */
const maxName = 32

/** A name in printable characters without colons. A long one is replaced by its hash. */
export const shortName = (name: string): string => {
  const encoded = encodeURIComponent(name)
  return encoded.length > maxName ? `~${hash(name)}` : encoded.replaceAll("~", "%7E")
}

const parts = (checkpoint: Checkpoint): ReadonlyArray<string> => {
  switch (checkpoint._tag) {
    case "Turn":
      return ["t", checkpoint.prompt]
    case "Message":
      return ["m", checkpoint.since.toString(36), checkpoint.digest]
    case "Last":
      return ["l"]
  }
}

export const writeCheckpoint = (checkpoint: Checkpoint): string => {
  const [tag = "", ...rest] = parts(checkpoint)
  return [tag, checkpoint.session, ...rest, shortName(checkpoint.instance)].join(":")
}

/**
 * Sets where a later process continues the call, if it can become a task. `undefined`: nothing can continue it; the task
 * still begins.
 */
export const setCheckpoint = ({ task }: CallValues, checkpoint: Checkpoint | undefined): Effect.Effect<void> =>
  task === undefined ? Effect.void : task.checkpoint(checkpoint === undefined ? undefined : writeCheckpoint(checkpoint))

const asSession = Schema.decodeOption(SessionId)
const asMessage = Schema.decodeOption(MessageId)

/** Undefined if the text is no checkpoint. */
export const readCheckpoint = (text: string): Checkpoint | undefined => {
  const [tag, id = "", ...rest] = text.split(":")
  const instance = rest.at(-1) ?? ""
  const session = Option.getOrUndefined(asSession(id))
  if (session === undefined || instance === "") return undefined
  const [first = "", digest = ""] = rest
  if (tag === "l" && rest.length === 1) return { _tag: "Last", instance, session }
  if (tag === "m" && rest.length === 3 && digest.length === digestLength && /^[0-9a-z]{1,9}$/u.test(first)) {
    return { _tag: "Message", instance, session, digest, since: Number.parseInt(first, 36) }
  }
  const prompt = Option.getOrUndefined(asMessage(first))
  return tag === "t" && rest.length === 2 && prompt !== undefined
    ? { _tag: "Turn", instance, session, prompt }
    : undefined
}
