/** All that `doctor` looks at, in its order. */
import type { Check, FleetServices, MachineServices } from "./Check.ts"
import { connects } from "./connects.ts"
import { instances } from "./instances.ts"
import { names } from "./names.ts"
import { nodeVersion } from "./nodeVersion.ts"
import { opencodeCommand } from "./opencodeCommand.ts"
import { openInstances } from "./openInstances.ts"
import { registrations } from "./registrations.ts"
import { relayConnection } from "./relayConnection.ts"
import { relayDirectory } from "./relayDirectory.ts"
import { settingsCheck } from "./settingsCheck.ts"
import { transports } from "./transports.ts"

/** These can be made whatever the settings are. */
export const machineChecks: ReadonlyArray<Check<MachineServices>> = [nodeVersion, settingsCheck, opencodeCommand]

/** These look at what the settings lead to. */
export const checks: ReadonlyArray<Check<FleetServices>> = [
  transports,
  relayDirectory,
  registrations,
  instances,
  openInstances,
  names,
  connects,
  relayConnection,
]
