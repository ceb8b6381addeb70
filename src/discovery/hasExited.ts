/** Whether the process that an announcement names has certainly exited. */
import type { Announcement } from "./Discovery.ts"
import type { LocalMachineValues } from "../machine/LocalMachine.ts"

/**
 * False for processes of other machines, including those behind a tunnel. Ids of 0 and below are ignored, because they
 * denote process groups.
 */
export const hasExited =
  ({ hostname, isAlive }: LocalMachineValues) =>
  ({ birth, host, pid, tunnelled }: Announcement): boolean =>
    pid !== undefined && pid > 0 && tunnelled !== true && host === hostname && !isAlive(pid, birth)
