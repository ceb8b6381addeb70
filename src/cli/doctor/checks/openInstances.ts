/** If a password is set: whether any instance answers without it. */
import { Duration, Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import { OpencodeClient } from "../../../opencode/Opencode.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, warning } from "../Check.ts"

export const openInstances: Check<Fleet | OpencodeClient | Settings> = {
  name: "password",
  run: Effect.gen(function* () {
    const { credentials, probeTimeout } = yield* Settings
    const client = yield* OpencodeClient
    const { instances } = yield* (yield* Fleet).snapshot
    const online = instances.filter(({ health }) => health.state === "online")
    if (credentials === undefined || online.length === 0) return []
    const open = yield* Effect.filter(
      online,
      ({ name, url }) =>
        Effect.isSuccess(
          client.at({ instance: name, url, credentials: undefined }).health(Duration.toMillis(probeTimeout)),
        ),
      { concurrency: "unbounded" },
    )
    return open.length === 0
      ? [ok("every online instance requires the password")]
      : open.map(({ name, url }) =>
          warning(
            `${name} (${url}) answers without the password that is set here`,
            "Anyone who can reach that port can use it. Restart that opencode with OPENCODE_SERVER_PASSWORD set.",
          ),
        )
  }),
}
