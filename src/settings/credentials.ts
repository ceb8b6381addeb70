/** The user name and password that all instances share. */
import { Effect, Option, Redacted } from "effect"
import { type Credentials, defaultUsername } from "../opencode/Target.ts"
import { parsed, variable } from "./variable.ts"

/** Undefined without a password. The default user name is opencode's own. */
export const credentials = Effect.gen(function* () {
  const password = yield* variable("OPENCODE_SERVER_PASSWORD")
  const username = yield* parsed(
    "OPENCODE_SERVER_USERNAME",
    'an HTTP Basic user name cannot contain a ":"',
    (value) => (value.includes(":") ? Option.none() : Option.some(value)),
    // The text after the colon may be a password in the wrong variable.
    (value) => value.replace(/:.*/su, ":…"),
  )
  return Option.match(password, {
    onNone: () => undefined,
    onSome: (secret): Credentials => ({
      username: Option.getOrElse(username, () => defaultUsername),
      password: Redacted.make(secret),
    }),
  })
})

/** Set if the password starts or ends with white space, which is usually a mistake, such as the line end of a file. */
export const passwordNote = (credentials: Credentials | undefined): string | undefined => {
  const secret = credentials === undefined ? "" : Redacted.value(credentials.password)
  return secret === secret.trim()
    ? undefined
    : "OPENCODE_SERVER_PASSWORD has white space around it, which is part of the password"
}
