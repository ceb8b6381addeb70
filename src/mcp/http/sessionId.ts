/**
 * The id of a session of revision 2025-11-25: a UUID, and what the client said about itself in `initialize`. SDK clients do
 * not initialize anew when a session is unknown, so a session must survive a restart of the server: an unknown id is
 * revived by a second `initialize` with these values. The id grants nothing, because every request is authorized.
 */
import { Option, Schema } from "effect"

/** The values of `initialize` that the server uses. */
const Facts = Schema.Struct({
  protocolVersion: Schema.String,
  capabilities: Schema.Record(Schema.String, Schema.Unknown),
  clientInfo: Schema.Struct({ name: Schema.String, version: Schema.String }),
})
type Facts = typeof Facts.Type

export interface SessionId {
  readonly id: string
  /** What the id says of the client. */
  readonly facts: Facts
}

const FactsText = Schema.StringFromBase64Url.pipe(Schema.decodeTo(Schema.fromJsonString(Facts)))
const decodeFacts = Schema.decodeUnknownOption(Facts)
const decodeText = Schema.decodeOption(FactsText)
const encodeText = Schema.encodeSync(FactsText)

/** The longest id, in characters. It is a header of every request. */
const maxIdLength = 4096

const pattern = /^[0-9a-f-]{36}\.([\w-]+)$/u

const idOf = (uuid: string, facts: Facts): SessionId | undefined => {
  const id = `${uuid}.${encodeText(facts)}`
  return id.length <= maxIdLength ? { id, facts } : undefined
}

/** The id of a new session for the parameters of `initialize`. Undefined if they are invalid. */
export const makeSessionId = (uuid: string, params: unknown): SessionId | undefined => {
  const facts = Option.getOrUndefined(decodeFacts(params))
  if (facts === undefined) return undefined
  // Of what does not fit, whether the client shows forms is what matters.
  const { elicitation } = facts.capabilities
  return idOf(uuid, facts) ?? idOf(uuid, { ...facts, capabilities: elicitation === undefined ? {} : { elicitation } })
}

/** What the id says of the client. Undefined if it is not one of ours. */
export const readSessionId = (id: string): Facts | undefined => {
  const [, encoded] = (id.length <= maxIdLength ? pattern.exec(id) : null) ?? []
  return encoded === undefined ? undefined : Option.getOrUndefined(decodeText(encoded))
}
