/** Every check of `doctor`, in the order of its output. */
import type { Check, FleetServices, MachineServices } from "./Check.ts"
import { claims } from "./checks/claims.ts"
import { connects } from "./checks/connects.ts"
import { database } from "./checks/database.ts"
import { instances } from "./checks/instances.ts"
import { duplicateNames } from "./checks/duplicateNames.ts"
import { httpServer } from "./checks/httpServer.ts"
import { nodeVersion } from "./checks/nodeVersion.ts"
import { opencodeCommand } from "./checks/opencodeCommand.ts"
import { openInstances } from "./checks/openInstances.ts"
import { registrations } from "./checks/registrations.ts"
import { relayConnection } from "./checks/relayConnection.ts"
import { relayDirectory } from "./checks/relayDirectory.ts"
import { service } from "./checks/service.ts"
import { settings } from "./checks/settings.ts"
import { sharedDatabase } from "./checks/sharedDatabase.ts"
import { transports } from "./checks/transports.ts"
import { unannounced } from "./checks/unannounced.ts"

/** These need no valid settings. */
export const machineChecks: ReadonlyArray<Check<MachineServices>> = [
  nodeVersion,
  settings,
  opencodeCommand,
  database,
  claims,
]

/** These need valid settings. */
export const checks: ReadonlyArray<Check<FleetServices>> = [
  transports,
  sharedDatabase,
  relayDirectory,
  registrations,
  service,
  instances,
  unannounced,
  openInstances,
  duplicateNames,
  connects,
  relayConnection,
  httpServer,
]
