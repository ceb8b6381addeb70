/** Uses an instance for a call that may change it, so that the next answer of list_instances shows what the call has done. */
import { Effect } from "effect"
import { toucher } from "../../fleet/attention/Attention.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import type { Instance } from "../../fleet/Instance.ts"
import type { Target } from "../../opencode/Target.ts"

export const makeUseAndTouch = Effect.gen(function* () {
  const fleet = yield* Fleet
  const touch = yield* toucher
  return <A, E, R>(instance: string | undefined, run: (target: Target, instance: Instance) => Effect.Effect<A, E, R>) =>
    fleet.use(instance, (target, found) => Effect.ensuring(run(target, found), touch(target.url)))
})
