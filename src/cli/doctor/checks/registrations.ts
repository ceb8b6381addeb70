/** Files in the relay directory that cannot be used. */
import { Effect } from "effect"
import { Fleet } from "../../../fleet/Fleet.ts"
import { line, plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { type Check, problem } from "../Check.ts"

export const registrations: Check<Fleet | Settings> = {
  name: "registrations",
  run: Effect.gen(function* () {
    const { relayDirectory } = yield* Settings
    const { problems, reports } = yield* (yield* Fleet).snapshot
    const fromOtherTransports = new Set(
      reports.filter(({ transport }) => transport !== "local-relay").flatMap((report) => report.problems),
    )
    // Other checks report the directory itself and the other transports.
    return problems
      .filter((one) => one.source !== relayDirectory && !fromOtherTransports.has(one))
      .map(({ reason, source }) =>
        problem(`${plainLine(source)} ${line(reason)}`, "Fix or remove the file; prune never removes it."),
      )
  }),
}
