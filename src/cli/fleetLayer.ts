/** The fleet as the commands see it that ask it something: what the server has, without the tools. */
import { Effect, Layer } from "effect"
import { Attention } from "../fleet/Attention.ts"
import * as Services from "../layers.ts"
import { Settings } from "../Settings.ts"
import { failedWith } from "./exitStatus.ts"

const settings = Settings.layer.pipe(
  Layer.catchTag("SettingsError", (error) => Layer.effect(Settings, Effect.fail(failedWith(error)))),
)

export const fleetLayer = Layer.provideMerge(Services.fleetLayer, settings)

/** Asks every instance after each refresh what waits there, too. */
export const attentiveFleetLayer = Layer.provideMerge(Attention.layer, fleetLayer)
