/** The fleet as the commands see it that ask it something: what the server has, without the tools. */
import { Effect, Layer } from "effect"
import { Attention } from "../fleet/attention/Attention.ts"
import * as Services from "../layers.ts"
import { Settings } from "../Settings.ts"
import { settingsLayer } from "./settings/settingsLayer.ts"

export const fleetLayer = Layer.provideMerge(Services.fleetLayer(Settings), settingsLayer)

/** Asks every instance after each refresh what waits there, too. */
export const fleetWithAttentionLayer = Layer.provideMerge(
  Layer.unwrap(
    Effect.map(Settings, ({ credentials, probeTimeout }) => Attention.layer({ credentials, timeout: probeTimeout })),
  ),
  fleetLayer,
)
