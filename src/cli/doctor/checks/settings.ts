/** Whether all settings are valid, and what they mean. */
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
        `transports: ${discoverySummary(settings)}; ${
          credentials === undefined ? "no password" : `user ${plainLine(credentials.username)} with a password`
        }`,
      ),
    ]),
    Effect.provide(Layer.fresh(Settings.layer)),
    Effect.catchTag("SettingsError", ({ message, variable }) =>
      Effect.succeed([problem(message, `Fix or unset ${variable}; the other checks need it.`)]),
    ),
    Effect.orDie,
  ),
}
