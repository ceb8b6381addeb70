/**
 * The fields of a registration that say how its instance is reached, and with which secrets: `url` in place of `port`,
 * `username`, and references for `password` and `headers`. Their values never appear in a message, because one of them may be
 * a secret in the wrong place.
 */
import { Effect, Option, Record, Schema } from "effect"
import { defaultUsername } from "../../opencode/Target.ts"
import { isLoopbackHost } from "../../text/loopback.ts"
import { SecretReference, referenceForms } from "../secrets/SecretReference.ts"

/** Not decoded further by the schema, whose errors quote values. */
export const accessFields = {
  url: Schema.optionalKey(Schema.Unknown),
  username: Schema.optionalKey(Schema.Unknown),
  password: Schema.optionalKey(Schema.Unknown),
  headers: Schema.optionalKey(Schema.Unknown),
}

const AccessFields = Schema.Struct(accessFields)

export interface RegistrationAccess {
  /** In place of a port of this machine; undefined for a registration with a port. */
  readonly url: string | undefined
  readonly username: string
  readonly password: SecretReference | undefined
  /** By name, in lower case. */
  readonly headers: Readonly<Record<string, SecretReference>>
}

/** Whether there are secrets to look up. */
export const hasReferences = ({ headers, password }: RegistrationAccess): boolean =>
  password !== undefined || !Record.isEmptyRecord(headers)

/** Why the fields cannot be used: a sentence that continues after the path of the file. */
export class AccessRefused extends Schema.TaggedError<AccessRefused>()("AccessRefused", { message: Schema.String }) {}

const refuse = (message: string) => Effect.fail(new AccessRefused({ message }))

const maxHeaders = 20

/** Headers that belong to the HTTP client. A proxy that asks for `authorization` leaves no room for opencode's own. */
const reservedHeaders = new Set(
  "accept accept-encoding authorization connection content-length content-type expect host keep-alive te trailer transfer-encoding upgrade".split(
    " ",
  ),
)

const decodeReference = Schema.decodeUnknownOption(SecretReference)
const decodeRecord = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))

const reference = (field: string, value: unknown) =>
  Option.match(decodeReference(value), {
    onNone: () => refuse(`has a ${field} that is not a reference: write ${referenceForms}, never the secret itself`),
    onSome: Effect.succeed,
  })

const address = (value: unknown) => {
  if (value === undefined) return Effect.undefined
  if (typeof value !== "string" || !URL.canParse(value)) {
    return refuse("has a url that is no URL; write one such as https://opencode.example.com")
  }
  const url = new URL(value)
  const { hash, hostname, password, pathname, protocol, search, username, origin } = url
  if (username !== "" || password !== "") {
    return refuse("has a url with credentials; write them as references in username and password")
  }
  if (hash !== "" || search !== "") return refuse("has a url with a query or a fragment; leave them out")
  if (protocol !== "https:" && !(protocol === "http:" && isLoopbackHost(hostname))) {
    return refuse("has a url that is not https://; http:// is for this machine only, because it is not encrypted")
  }
  return Effect.succeed(`${origin}${pathname.replace(/\/+$/u, "")}`)
}

const user = (value: unknown) => {
  if (value === undefined) return Effect.succeed(defaultUsername)
  return typeof value === "string" && /^[^:\p{Cc}]{1,200}$/u.test(value)
    ? Effect.succeed(value)
    : refuse('has a username that is no HTTP Basic user name: a text without ":"')
}

const secretHeaders = Effect.fnUntraced(function* (value: unknown) {
  if (value === undefined) return {}
  const entries = Option.map(decodeRecord(value), (record) => Object.entries(record))
  if (Option.isNone(entries) || entries.value.length > maxHeaders) {
    return yield* refuse(`has headers that are no object of at most ${maxHeaders} references by name`)
  }
  const headers: Record<string, SecretReference> = {}
  for (const [name, given] of entries.value) {
    const lower = name.toLowerCase()
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/u.test(lower)) return yield* refuse("has a header with an invalid name")
    if (reservedHeaders.has(lower)) return yield* refuse(`has the header ${lower}, which cannot be set`)
    headers[lower] = yield* reference(`header ${lower}`, given)
  }
  return headers
})

/**
 * The access fields of a registration. `port` and `localPort` are its other fields: it has either a port or a URL, and the
 * registration of a tunnel, which another machine has written, holds no references, because they would read files and run
 * commands of this machine.
 */
export const registrationAccess = Effect.fnUntraced(function* (
  fields: typeof AccessFields.Type,
  { localPort, port }: { readonly port: number | undefined; readonly localPort: number | undefined },
): Effect.fn.Return<RegistrationAccess, AccessRefused> {
  const url = yield* address(fields.url)
  if (url === undefined && port === undefined) return yield* refuse("has neither a port nor a url")
  if (url !== undefined && port !== undefined) return yield* refuse("has both a port and a url; leave one out")
  const access = {
    url,
    username: yield* user(fields.username),
    password: fields.password === undefined ? undefined : yield* reference("password", fields.password),
    headers: yield* secretHeaders(fields.headers),
  }
  if (localPort !== undefined && hasReferences(access)) {
    return yield* refuse(
      "is the registration of a tunnel (localPort), which another machine writes, so it must not read files or run commands of this one: leave out password and headers",
    )
  }
  return access
})
