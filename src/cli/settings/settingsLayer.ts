/** The settings of a command. An invalid one ends the command with one line on stderr. */
import { Effect, Layer } from "effect"
import { Settings } from "../../Settings.ts"
import { failedWith } from "../process/exitStatus.ts"

export const settingsLayer = Layer.catchTag(Settings.layer, "SettingsError", (error) =>
  Layer.effectContext(Effect.fail(failedWith(error))),
)
