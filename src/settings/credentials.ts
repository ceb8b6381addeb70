/** The user name and password that all instances share. */
import { Config, Effect, Option, Redacted } from "effect"
import { type Credentials, defaultUsername } from "../opencode/Target.ts"
import { filledIn, parsed } from "./variable.ts"

/** Undefined without a password. The default user name is opencode's own. */
export const credentials = Effect.gen(function* () {
  const password = yield* Config.option(Config.Redacted("OPENCODE_SERVER_PASSWORD"))
  if (Option.isSome(password)) yield* filledIn("OPENCODE_SERVER_PASSWORD", Redacted.value(password.value))
  const username = yield* parsed(
    "OPENCODE_SERVER_USERNAME",
    'an HTTP Basic user name cannot contain a ":"',
    (value) => (value.includes(":") ? Option.none() : Option.some(value)),
    // The text after the colon may be a password in the wrong variable.
    (value) => value.replace(/:.*/su, ":…"),
  )
  return Option.match(
    Option.filter(password, (secret) => Redacted.value(secret) !== ""),
    {
      onNone: () => undefined,
      onSome: (password): Credentials => ({ username: Option.getOrElse(username, () => defaultUsername), password }),
    },
  )
})
