/** Withdraws the trust in an announcement whose process has exited, because any program may have its port now. */
import type { LocalMachineValues } from "../machine/LocalMachine.ts"
import type { Announcement } from "./Discovery.ts"
import { hasExited } from "./hasExited.ts"

/** The announcement without its secrets, and without the fleet's password, if the process that it names has exited. */
export const vouched = (machine: LocalMachineValues, announcement: Announcement): Announcement =>
  hasExited(machine)(announcement) ? withoutSecrets(announcement) : announcement

/** The announcement without its secrets, for a process that has exited: any program may have its port. */
export const withoutSecrets = ({
  credentials: _credentials,
  headers: _headers,
  passwordRemedy: _remedy,
  secretsUnknown: _unknown,
  ...announcement
}: Announcement): Announcement => ({
  ...announcement,
  passwordWithheld: `its process has exited (process ${announcement.pid}), so another program may have its port`,
})
