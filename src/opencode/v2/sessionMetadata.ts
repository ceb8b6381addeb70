/**
 * The metadata of a session: any JSON object, which opencode 2 stores and never shows. It keeps what opencode itself does
 * not store about a refusal.
 */
import { Effect, Option, Schema } from "effect"
import type { Call } from "../http/makeCall.ts"
import { MessageId, type SessionId } from "../Identifiers.ts"
import type { Routes } from "./routes.ts"

const RefusalMark = Schema.Struct({ "opencode-fleet": Schema.Struct({ refusedSteps: Schema.Array(MessageId) }) })

const decodeMark = Schema.decodeUnknownOption(RefusalMark)

/** The steps whose tool calls were refused from this fleet or another one. */
const refusedStepsOf = (metadata: unknown): ReadonlyArray<MessageId> =>
  Option.match(decodeMark(metadata), { onNone: () => [], onSome: (mark) => mark["opencode-fleet"].refusedSteps })

/** Maximum number of refused steps that are remembered for a session, the newest ones. */
const maxRefusedSteps = 100

export const sessionMetadata = ({ api: { session: api } }: Routes, call: Call) => {
  const read = (session: SessionId) =>
    api.get({ params: { sessionID: session } }).pipe(
      Effect.map(({ data }) => data.metadata ?? {}),
      call("get session", { session }),
    )

  /** opencode replaces the metadata as a whole. */
  const write = (session: SessionId, metadata: Readonly<Record<string, unknown>>) =>
    api.update({ params: { sessionID: session }, payload: { metadata } }).pipe(call("update session", { session }))

  return {
    refusedSteps: (session: SessionId) => Effect.map(read(session), refusedStepsOf),

    /** Remembers that a person refused a tool call of this step. */
    addRefusedStep: (session: SessionId, step: MessageId) =>
      Effect.flatMap(read(session), (metadata) => {
        const refusedSteps = [...refusedStepsOf(metadata), step].slice(-maxRefusedSteps)
        return write(session, { ...metadata, "opencode-fleet": { refusedSteps } })
      }),

    /** Writes the metadata that is there, which opencode counts as news of the session. */
    touch: (session: SessionId) => Effect.flatMap(read(session), (metadata) => write(session, metadata)),
  }
}
