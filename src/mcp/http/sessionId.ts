/**
 * The id of a session of revision 2025-11-25: a UUID, and what the client said about itself in `initialize`. SDK clients do
 * not initialize anew when a session is unknown, so a session must survive a restart of the server: an unknown id is
 * revived by a second `initialize` with these values. The id grants nothing, because every request is authorized.
 */
import { Option, Schema } from "effect"
import { truncate } from "../../text/truncate.ts"
import { isObject } from "../wire/json.ts"

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

/** Of a name or a version in an id that would be longer, in characters. */
const maxNameLength = 100

const pattern = /^[0-9a-f-]{36}\.([\w-]+)$/u

const idOf = (uuid: string, facts: Facts): SessionId | undefined => {
  const id = `${uuid}.${encodeText(facts)}`
  return id.length <= maxIdLength ? { id, facts } : undefined
}

/** The forms that the client shows are the only capability that matters. `{}` means all. */
const formsIn = ({ elicitation }: Facts["capabilities"]): Facts["capabilities"] => {
  if (!isObject(elicitation)) return {}
  const modes = ["form", "url"].filter((mode) => mode in elicitation)
  return modes.length === 0 && Object.keys(elicitation).length > 0
    ? {}
    : { elicitation: Object.fromEntries(modes.map((mode) => [mode, {}])) }
}

/** For a client that says so much about itself that it does not fit. */
const shortened = ({ capabilities, clientInfo: { name, version }, protocolVersion }: Facts): Facts => ({
  protocolVersion: truncate(protocolVersion, maxNameLength),
  capabilities: formsIn(capabilities),
  clientInfo: { name: truncate(name, maxNameLength), version: truncate(version, maxNameLength) },
})

/** The id of a new session for the parameters of `initialize`. Undefined if they are invalid. */
export const makeSessionId = (uuid: string, params: unknown): SessionId | undefined => {
  const facts = Option.getOrUndefined(decodeFacts(params))
  return facts && (idOf(uuid, facts) ?? idOf(uuid, shortened(facts)))
}

/** What the id says of the client. Undefined if it is not one of ours. */
export const readSessionId = (id: string): Facts | undefined => {
  const [, encoded] = (id.length <= maxIdLength ? pattern.exec(id) : null) ?? []
  return encoded === undefined ? undefined : Option.getOrUndefined(decodeText(encoded))
}
