/** What stands in the relay directory and is of no use. */
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
    const elsewhere = new Set(
      reports.filter(({ transport }) => transport !== "local-relay").flatMap((report) => report.problems),
    )
    // Of the directory itself another check speaks, and another one of other transports.
    return problems
      .filter((one) => one.source !== relayDirectory && !elsewhere.has(one))
      .map(({ reason, source }) =>
        problem(`${plainLine(source)} ${line(reason)}`, "Mend or remove the file; prune leaves it alone."),
      )
  }),
}
