/**
 * The id of a message on a stream: its stream, its number, and the call that the stream belongs to. A client that resumes a
 * stream sends it as `Last-Event-ID`, unchecked. A server that does not know the stream, because it has expired or the server
 * was restarted, can then answer the call.
 */
import { Option, Schema } from "effect"
import type { CallOfTool } from "./callAccess.ts"

interface EventId {
  readonly stream: string
  readonly sequence: number
  readonly call: CallOfTool | undefined
}

/** The longest JSON-RPC id and the longest name of a tool, in characters. Other calls are left out: the id is a header. */
const maxLength = 64

const Text = Schema.String.check(Schema.isMaxLength(maxLength))
const CallText = Schema.StringFromBase64Url.pipe(
  Schema.decodeTo(Schema.fromJsonString(Schema.Tuple([Schema.Union([Schema.Finite, Text]), Text]))),
)
const decodeCall = Schema.decodeOption(CallText)
const encodeCall = Schema.encodeOption(CallText)

/** The end of the ids of one stream. */
export const callSuffix = (call: CallOfTool | undefined): string =>
  call === undefined
    ? ""
    : Option.match(encodeCall([call.id, call.tool]), {
        onNone: () => "",
        onSome: (text) => `.${text}`,
      })

export const formatEventId = (stream: string, sequence: number, suffix = ""): string => `${stream}_${sequence}${suffix}`

const form = /^([\w-]+)_(\d+)(?:\.([\w-]+))?$/u

const readCall = (encoded: string): CallOfTool | undefined =>
  Option.getOrUndefined(Option.map(decodeCall(encoded), ([id, tool]) => ({ id, tool })))

/** Undefined if the text is no such id. */
export const parseEventId = (text: string): EventId | undefined => {
  const [, stream, sequence, encoded] = form.exec(text) ?? []
  if (stream === undefined) return undefined
  return { stream, sequence: Number(sequence), call: encoded === undefined ? undefined : readCall(encoded) }
}
