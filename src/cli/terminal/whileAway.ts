/** What a person is told while the instance that they follow cannot be reached. */
import { Clock, Effect } from "effect"
import type { Absence } from "../../fleet/absence.ts"
import { line } from "../../text/plainText.ts"
import { iso } from "../../tools/shared/time.ts"
import { exitStatus, failedBecause } from "../process/exitStatus.ts"

/** How often the instance is looked up. */
const pace = "5 seconds"

/** Milliseconds. A restart takes seconds, and the instance can be unannounced meanwhile. */
const restartsWithin = 15_000

/**
 * Returns when the instance answers at another address, fails when it is gone, and tells once for each reason why it does not
 * answer. It may come back at any time, so nothing else ends this.
 */
export const whileAway = (
  instance: string,
  readAbsence: Effect.Effect<Absence>,
  note: (text: string) => Effect.Effect<void>,
) => {
  let since: number | undefined
  let told = ""
  return Effect.gen(function* () {
    since ??= yield* Clock.currentTimeMillis
    while (true) {
      yield* Effect.sleep(pace)
      const absence = yield* readAbsence
      if ((yield* Clock.currentTimeMillis) - since < restartsWithin) continue
      switch (absence._tag) {
        case "Moved":
          return undefined
        case "Gone":
          return yield* failedBecause(
            `${instance} is gone: ${absence.reason}. \`opencode-fleet instances\` shows what is running.`,
            exitStatus.gone,
          )
        case "Away":
          if (told === absence.reason) continue
          told = absence.reason
          yield* note(
            line(
              `No contact with ${instance} since ${iso(since)} (${absence.reason}). Still trying; Ctrl-C ends this.`,
              1000,
            ),
          )
          continue
        case "Back":
          continue
      }
    }
  })
}
