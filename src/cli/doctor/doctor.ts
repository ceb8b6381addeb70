/** Runs all checks of `doctor` and returns their findings in order. */
import { Effect, Layer } from "effect"
import { fleetLayer } from "../../layers.ts"
import { machineClaims } from "../../machine/SessionClaims.ts"
import { Settings } from "../../Settings.ts"
import type { Check, Observation } from "./Check.ts"
import { checks, machineChecks } from "./checks.ts"

/** An observation, and the check that made it. */
export interface Finding extends Observation {
  readonly check: string
}

const runCheck = <R>({ name, run }: Check<R>) =>
  Effect.map(run, (observations) => observations.map((each): Finding => ({ check: name, ...each })))

const runAll = <R>(checks: ReadonlyArray<Check<R>>) =>
  Effect.map(Effect.forEach(checks, runCheck), (each) => each.flat())

export const diagnose = Effect.gen(function* () {
  const machine = yield* Effect.provide(runAll(machineChecks), machineClaims)
  const fleet = yield* runAll(checks).pipe(
    Effect.provide(Layer.provideMerge(fleetLayer(Settings), Layer.effect(Settings, Settings.fromEnvironment))),
    // One invalid variable is one finding, that of the settings check.
    Effect.catchTag("SettingsError", () => Effect.succeed([])),
  )
  return [...machine, ...fleet]
})
