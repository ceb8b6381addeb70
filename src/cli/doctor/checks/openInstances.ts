/** Whether any instance answers without a password, if one is set or the instance is on a relay. */
import { Duration, Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import { type Instance, isOnline } from "../../../fleet/Instance.ts"
import { OpencodeClient } from "../../../opencode/Opencode.ts"
import { Settings } from "../../../Settings.ts"
import { line } from "../../../text/plainText.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

/** The end of a tunnel, or an instance of this machine that a tunnel leads to. */
const isOnRelay = ({ connect, remotePort }: Instance) => remotePort !== undefined || connect?.tunnel !== undefined

const observe = (instance: Instance) => {
  const subject = `${instance.name} (${instance.url})`
  const fix = "Restart that opencode with OPENCODE_SERVER_PASSWORD set."
  return isOnRelay(instance)
    ? problem(
        `${subject} is on a relay and answers without a password`,
        `Anyone with an account on the relay can run commands on the instance's machine. ${fix}`,
      )
    : warning(
        `${subject} answers without the password that is set here`,
        `Anyone who can reach that port can use it. ${fix}`,
      )
}

export const openInstances: Check<Fleet | OpencodeClient | Settings> = {
  name: "password",
  run: Effect.gen(function* () {
    const { credentials, probeTimeout } = yield* Settings
    const client = yield* OpencodeClient
    const { instances } = yield* (yield* Fleet).snapshot
    const asked = instances.filter(
      (instance) => isOnline(instance) && (credentials !== undefined || isOnRelay(instance)),
    )
    const answers = yield* Effect.forEach(
      asked,
      (instance) =>
        client
          .at({ instance: instance.name, url: instance.url, credentials: undefined })
          .health(Duration.toMillis(probeTimeout))
          .pipe(
            Effect.as([observe(instance)]),
            Effect.catchTag("Unauthorized", () => Effect.succeed([])),
            Effect.catch(({ message }) =>
              Effect.succeed([
                warning(
                  `whether ${instance.name} (${instance.url}) requires the password is unknown: ${line(message)}`,
                ),
              ]),
            ),
          ),
      { concurrency: "unbounded" },
    )
    const found = answers.flat()
    return found.length === 0 && asked.length > 0 ? [ok("every online instance requires the password")] : found
  }),
}
