/** What is known of an instance that cannot be reached any more. */
import { Effect } from "effect"
import { hasExited } from "../discovery/hasExited.ts"
import { LocalMachine } from "../machine/LocalMachine.ts"
import type { Target } from "../opencode/Target.ts"
import { Fleet } from "./Fleet.ts"
import type { Instance } from "./Instance.ts"

export type Absence =
  /** It answers again. */
  | { readonly _tag: "Back" }
  /** Its name now belongs to another address, which answers. */
  | { readonly _tag: "Moved"; readonly url: string }
  /** It is announced but does not answer, and may come back. `reason` tells its health in words. */
  | { readonly _tag: "Away"; readonly reason: string }
  /** Its process has exited, another server has its port, or it is not announced any more. */
  | { readonly _tag: "Gone"; readonly reason: string }

/** Makes a function that probes the instance and says what is known of it. */
export const makeReadAbsence = Effect.gen(function* () {
  const fleet = yield* Fleet
  const exited = hasExited(yield* LocalMachine)
  const probed = Effect.fnUntraced(function* (matches: (instance: Instance) => boolean) {
    const find = Effect.map(fleet.snapshot, ({ instances }) => instances.find(matches))
    const known = yield* find
    if (known === undefined) return undefined
    yield* fleet.recheck(known.url)
    return yield* find
  })
  const verdict = ({ health, ...instance }: Instance): Absence =>
    health.replaced === true || exited(instance)
      ? { _tag: "Gone", reason: health.reason }
      : { _tag: "Away", reason: `${health.state}: ${health.reason}` }
  return Effect.fnUntraced(function* ({ instance: name, url }: Target): Effect.fn.Return<Absence> {
    const here = yield* probed((one) => one.url === url)
    if (here?.health.state === "online") return { _tag: "Back" }
    const elsewhere = yield* probed((one) => one.name === name && one.url !== url)
    if (elsewhere?.health.state === "online") return { _tag: "Moved", url: elsewhere.url }
    const announced = here ?? elsewhere
    return announced === undefined ? { _tag: "Gone", reason: "it is not announced any more" } : verdict(announced)
  })
})
