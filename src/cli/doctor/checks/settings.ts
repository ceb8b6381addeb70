/** Whether all settings can be used, and what they come to. */
import { Effect, Layer, type Path } from "effect"
import { plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { discoverySummary } from "../../settings/discoverySummary.ts"
import { type Check, ok, problem } from "../Check.ts"

export const settings: Check<Path.Path> = {
  name: "settings",
  run: Settings.pipe(
    Effect.map(({ credentials, ...settings }) => [
      ok(
        `instances are looked for by ${discoverySummary(settings)}, and asked ${
          credentials === undefined
            ? "without a password"
            : `as ${plainLine(credentials.username)} with the password that is set`
        }`,
      ),
    ]),
    Effect.provide(Layer.fresh(Settings.layer)),
    Effect.catchTag("SettingsError", ({ message, variable }) =>
      Effect.succeed([problem(message, `Mend or unset ${variable}; until then nothing else can be looked at.`)]),
    ),
    Effect.orDie,
  ),
}
