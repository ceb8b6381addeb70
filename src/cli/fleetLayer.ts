/** The fleet as the commands see it that ask it something: what the server has, without the tools. */
import { Layer } from "effect"
import { Attention } from "../fleet/attention/Attention.ts"
import * as Services from "../layers.ts"
import { usableSettings } from "./usableSettings.ts"

export const fleetLayer = Layer.provideMerge(Services.fleetLayer, usableSettings)

/** Asks every instance after each refresh what waits there, too. */
export const attentiveFleetLayer = Layer.provideMerge(Attention.layer, fleetLayer)
