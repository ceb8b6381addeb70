/** Whether all settings are valid, and what they mean. */
import { Effect, Layer, type Path } from "effect"
import type { Credentials } from "../../../opencode/Target.ts"
import { passwordNote } from "../../../settings/credentials.ts"
import { plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { discoverySummary } from "../../settings/discoverySummary.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

const noteOn = (credentials: Credentials | undefined) => {
  const note = passwordNote(credentials)
  return note === undefined ? [] : [warning(note, "If it is not meant to be there, set the password without it.")]
}

export const settings: Check<Path.Path> = {
  name: "settings",
  run: Settings.pipe(
    Effect.map(({ credentials, ...settings }) => [
      ...noteOn(credentials),
      ok(
        `transports: ${discoverySummary(settings)}; ${
          credentials === undefined ? "no password" : `user ${plainLine(credentials.username)} with a password`
        }`,
      ),
    ]),
    Effect.provide(Layer.effect(Settings, Settings.fromEnvironment)),
    Effect.catchTag("SettingsError", ({ message, variable }) =>
      Effect.succeed([problem(message, `Fix or unset ${variable}; the other checks need it.`)]),
    ),
    Effect.orDie,
  ),
}
