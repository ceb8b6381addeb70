/** The services of commands, with the options in `Settings`. */
import { Effect, Layer } from "effect"
import * as RelayDirectory from "../discovery/relay/RelayDirectory.ts"
import { Attention } from "../fleet/attention/Attention.ts"
import * as Services from "../layers.ts"
import { Settings } from "../Settings.ts"
import { settingsLayer } from "./settings/settingsLayer.ts"

/** `Discovery` over registrations only, regardless of TRANSPORT. */
export const registrationsLayer = Layer.unwrap(
  Effect.map(Settings, ({ credentials, relayDirectory }) =>
    RelayDirectory.layer({ directory: relayDirectory, strictModes: credentials !== undefined }),
  ),
)

/** The fleet, without the tools of the server. */
export const fleetLayer = Layer.provideMerge(Services.fleetLayer(Settings), settingsLayer)

/** Also asks every instance for pending requests after each refresh. */
export const fleetWithAttentionLayer = Layer.provideMerge(
  Layer.unwrap(
    Effect.map(Settings, ({ credentials, probeTimeout }) => Attention.layer({ credentials, timeout: probeTimeout })),
  ),
  fleetLayer,
)
