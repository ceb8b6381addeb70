/** Whether the process that an announcement names is certain to be gone. */
import type { Announcement } from "./Discovery.ts"
import type { LocalMachineValues } from "../machine/LocalMachine.ts"

/**
 * It has to have been one of this machine's: where a tunnel leads it never was. Zero and negative numbers mean groups of
 * processes to the system.
 */
export const hasEnded =
  ({ hostname, isAlive }: LocalMachineValues) =>
  ({ birth, host, pid, tunnelled }: Announcement): boolean =>
    pid !== undefined && pid > 0 && tunnelled !== true && host === hostname && !isAlive(pid, birth)
