/** The fleet for commands: the services of the server, without its tools. */
import { Layer } from "effect"
import { Attention } from "../fleet/attention/Attention.ts"
import * as Services from "../layers.ts"
import { settingsLayer } from "./settings/settingsLayer.ts"

export const fleetLayer = Layer.provideMerge(Services.fleetLayer, settingsLayer)

/** Also asks every instance for pending requests after each refresh. */
export const fleetWithAttentionLayer = Layer.provideMerge(Attention.layer, fleetLayer)
