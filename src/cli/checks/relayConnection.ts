/** Whether this machine's way to its relay is open. */
import { Effect } from "effect"
import { Settings } from "../../Settings.ts"
import { type Check, ok } from "./Check.ts"

export const relayConnection: Check<Settings> = {
  name: "relay",
  run: Effect.map(Settings, ({ relayCommand }) =>
    relayCommand === undefined ? [ok("RELAY_SSH_CMD is not set, so instances are for this machine only")] : [],
  ),
}
