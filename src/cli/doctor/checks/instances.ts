/** How each instance is, and what to do about it. */
import { Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import type { Instance } from "../../../fleet/Instance.ts"
import { plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

/** What to do about one that was found without a registration, and with one. */
const advice = ({ health, passwordWithheld, source, transport }: Instance): string => {
  const registered = transport === "local-relay"
  switch (health.state) {
    case "unauthorized":
      return passwordWithheld === undefined
        ? "OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME have to be those that this opencode was started with; all instances share them."
        : "If it is yours, allow it as that says."
    case "timeout":
      return "Look again in a minute; if it stays so, start that opencode anew."
    case "unreachable":
      return registered
        ? "Start it with `opencode-fleet connect`, or wake its machine. If it is gone for good, `opencode-fleet prune` removes it."
        : `It goes by itself when ${transport} does not find it any more. If it should be there: is that port open to this machine?`
    default:
      return registered
        ? `Another program may have taken that port. If opencode is gone from there, remove ${plainLine(source)}; prune leaves it alone, for something answers.`
        : "Another program may have taken that port."
  }
}

const observe = (instance: Instance) => {
  const { health, name, transports, url } = instance
  const who = `${name} (${url}, found by ${transports.join(", ")})`
  if (health.state === "online") {
    return ok(`${who} is online: opencode ${health.version} answers within ${health.latency} ms`)
  }
  // Anybody's opencode may be found, and need not let this one in.
  const grave =
    health.state === "unhealthy" || (health.state === "unauthorized" && instance.passwordWithheld === undefined)
  return (grave ? problem : warning)(`${who} is ${health.state}: ${health.reason}`, advice(instance))
}

export const instances: Check<Fleet | Settings> = {
  name: "instances",
  run: Effect.gen(function* () {
    const { relayDirectory } = yield* Settings
    const { instances, problems } = yield* (yield* Fleet).snapshot
    if (instances.length > 0) return instances.map(observe)
    // Another check says why it was not read.
    return problems.some(({ source }) => source === relayDirectory)
      ? []
      : [warning("no instance was found", "Run `opencode-fleet connect` in a project's directory.")]
  }),
}
