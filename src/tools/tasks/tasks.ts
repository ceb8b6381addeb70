/** How calls of the fleet's tools go on as tasks. */
import { readCheckpoint } from "./checkpoint.ts"

export const tasks = {
  /** The state says which turn; the arguments are not read. */
  resume: (state: string) => {
    const checkpoint = readCheckpoint(state)
    return checkpoint === undefined ? undefined : { name: "wait_for_session", args: { session_id: checkpoint.session } }
  },
  cancelled:
    "Stopped waiting. This did not stop the agent: abort_session does, and wait_for_session waits again. A message that waited for its turn was not sent.",
}
