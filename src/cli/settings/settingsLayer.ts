/** The settings for a command that can do nothing without them. */
import { Effect, Layer } from "effect"
import { Settings } from "../../Settings.ts"
import { failedWith } from "../process/exitStatus.ts"

export const settingsLayer = Layer.catchTag(Settings.layer, "SettingsError", (error) =>
  Layer.effectContext(Effect.fail(failedWith(error))),
)
