/** The health of each instance. */
import { Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import type { Instance } from "../../../fleet/Instance.ts"
import { oldestSupported, versionNote } from "../../../opencode/triedVersions.ts"
import { plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { passwordText } from "../../../tools/instances/healthText.ts"
import { remedyText } from "../../../tools/instances/remedyText.ts"
import { type Check, ok, problem, warning } from "../Check.ts"

const advice = (instance: Instance): string => {
  const { credentials, health, passwordRemedy, passwordWithheld, source, transport } = instance
  const registered = transport === "local-relay"
  switch (health.state) {
    case "unauthorized":
      if (credentials !== undefined) return `Check the password that ${plainLine(source)} gives it.`
      return passwordWithheld === undefined
        ? `To use it, ${passwordText(instance)}. All instances without credentials of their own share that password.`
        : passwordRemedy === undefined
          ? "If it is yours, wait for the next scan."
          : `If it is yours: ${remedyText(passwordRemedy)}.`
    case "timeout":
      return "Run doctor again in a minute. If the timeout persists, restart that opencode."
    case "unreachable":
      if (transport === "service") return "Start `opencode`, or run `opencode service start`."
      return registered
        ? "Start it with `opencode-fleet connect`, or wake its machine. If it is gone for good, remove its registration with `opencode-fleet prune`."
        : `It disappears when ${transport} no longer finds it. If it is running, check that this machine can reach that port.`
    default:
      if (health.tooOld === true) return `Update that opencode to ${oldestSupported} or newer.`
      if (health.starting === true) return "Run doctor again in a minute."
      if (health.api === 2) return "See opencode's log, by default ~/.local/share/opencode/log/opencode.log."
      return registered
        ? `Another program may use that port. If no opencode is running there, remove ${plainLine(source)} yourself: prune keeps it because a program answers.`
        : "Another program may use that port."
  }
}

const observe = (instance: Instance) => {
  const { health, name, transports, url } = instance
  const subject = `${name} (${url}, found by ${transports.join(", ")})`
  if (health.state === "online") {
    const note = versionNote(health.version ?? "")
    if (note !== undefined) return warning(`${subject} is online: opencode ${health.version}`, `${note}.`)
    return ok(`${subject} is online: opencode ${health.version} answered within ${health.latency} ms`)
  }
  // An instance whose password is withheld may belong to another user, so its refusal is no problem.
  const isProblem =
    health.state === "unhealthy" || (health.state === "unauthorized" && instance.passwordWithheld === undefined)
  return (isProblem ? problem : warning)(`${subject} is ${health.state}: ${health.reason}`, advice(instance))
}

export const instances: Check<Fleet | Settings> = {
  name: "instances",
  run: Effect.gen(function* () {
    const { relayDirectory } = yield* Settings
    const { instances, problems } = yield* (yield* Fleet).snapshot
    if (instances.length > 0) return instances.map(observe)
    // The check of the relay directory reports why it was not read.
    return problems.some(({ source }) => source === relayDirectory)
      ? []
      : [warning("no instance was found", "Run `opencode-fleet connect` in a project's directory.")]
  }),
}
