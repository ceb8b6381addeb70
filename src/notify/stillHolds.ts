/** Whether an event is still true when it is told late. */
import { Effect } from "effect"
import type { Fleet } from "../fleet/Fleet.ts"
import type { OpencodeClient } from "../opencode/Opencode.ts"
import { pendingRequestsOf } from "../opencode/requests/pendingRequests.ts"
import type { FleetEvent } from "./FleetEvent.ts"

export const stillHolds =
  (fleet: Fleet["Service"], client: OpencodeClient["Service"]) =>
  (event: FleetEvent): Effect.Effect<boolean> =>
    event.kind !== "waiting"
      ? Effect.succeed(true)
      : fleet
          .use(event.instance, (target) =>
            Effect.gen(function* () {
              const opencode = client.at(target)
              const pending = yield* pendingRequestsOf(opencode, yield* opencode.session(event.session.id))
              return pending.some(({ request }) => request.id === event.request.id)
            }),
          )
          .pipe(
            Effect.catchTag("SessionNotFound", () => Effect.succeed(false)),
            // An instance that cannot be reached says nothing about the request.
            Effect.orElseSucceed(() => true),
          )
