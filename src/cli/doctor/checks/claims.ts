/** Whether the opencode-fleet servers of this user can keep out of each other's turns. */
import { Effect } from "effect"
import { SessionClaims } from "../../../machine/SessionClaims.ts"
import { type Check, warning } from "../Check.ts"

export const claims: Check<never> = {
  name: "claims",
  run: Effect.gen(function* () {
    const reason = yield* (yield* SessionClaims).problem
    return reason === undefined
      ? []
      : [
          warning(
            `messages that several opencode-fleet servers send to a session at the same moment may be merged: ${reason}`,
            "Make ~/.cache/opencode-fleet/claims a directory that you can write to.",
          ),
        ]
  }),
}
