/** How each instance is, and what to do about it. */
import { Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Instance } from "../../fleet/Instance.ts"
import { plainLine } from "../../PlainText.ts"
import { Settings } from "../../Settings.ts"
import { type Check, ok, problem, warning } from "./Check.ts"

const observe = ({ health, name, source, url }: Instance) => {
  const said = `${name} (${url}) is ${health.state}: ${health.reason}`
  switch (health.state) {
    case "online":
      return ok(`${name} (${url}) is online: opencode ${health.version} answers within ${health.latency} ms`)
    case "unauthorized":
      return problem(
        said,
        "OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME have to be those that this opencode was started with; all instances share them.",
      )
    case "unhealthy":
      return problem(
        said,
        `Another program may have taken that port. If opencode is gone from there, remove ${plainLine(source)}; prune leaves it alone, for something answers.`,
      )
    case "timeout":
      return warning(said, "Look again in a minute; if it stays so, start that opencode anew.")
    case "unreachable":
      return warning(
        said,
        "Start it with `opencode-fleet connect`, or wake its machine. If it is gone for good, `opencode-fleet prune` removes it.",
      )
  }
}

export const instances: Check<Fleet | Settings> = {
  name: "instances",
  run: Effect.gen(function* () {
    const { relayDirectory } = yield* Settings
    const { instances, problems } = yield* (yield* Fleet).snapshot
    // Another check says why it was not read.
    if (problems.some(({ source }) => source === relayDirectory)) return []
    return instances.length === 0
      ? [warning("no instance is registered", "Run `opencode-fleet connect` in a project's directory.")]
      : instances.map(observe)
  }),
}
