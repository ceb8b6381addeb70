/** Makes all checks of `doctor`, and gives what they find in their order. */
import { Effect, Layer } from "effect"
import { fleetLayer } from "../../layers.ts"
import { Settings } from "../../Settings.ts"
import { type Check, type Observation, warning } from "./Check.ts"
import { checks, machineChecks } from "./checks.ts"

/** An observation, and the check that made it. */
export interface Finding extends Observation {
  readonly check: string
}

const make = <R>({ name, run }: Check<R>) =>
  Effect.map(run, (found) => found.map((one): Finding => ({ check: name, ...one })))

const makeAll = <R>(checks: ReadonlyArray<Check<R>>) => Effect.map(Effect.forEach(checks, make), (each) => each.flat())

const skipped = checks.map(({ name }): Finding => ({
  check: name,
  ...warning("skipped, for the settings cannot be used"),
}))

export const diagnose = Effect.gen(function* () {
  const machine = yield* makeAll(machineChecks)
  const fleet = yield* makeAll(checks).pipe(
    Effect.provide(Layer.provideMerge(fleetLayer(Settings), Settings.layer)),
    // One of the checks before has said it.
    Effect.catchTag("SettingsError", () => Effect.succeed(skipped)),
  )
  return [...machine, ...fleet]
})
