/** The interface of a check of `doctor`, and its observations. */
import type { Effect, FileSystem, Path } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import type { Fleet } from "../../fleet/Fleet.ts"
import type { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Settings } from "../../Settings.ts"
import type { Mark } from "../terminal/marks.ts"

/** One result of a check. */
export interface Observation {
  readonly state: Mark
  /** One sentence, without secrets. */
  readonly message: string
  /** How to fix it. */
  readonly advice?: string
}

export interface Check<R> {
  /** One or two words. */
  readonly name: string
  /** Never fails: an error is an observation. Empty if there is nothing to check. */
  readonly run: Effect.Effect<ReadonlyArray<Observation>, never, R>
}

/** Available on every machine. */
export type MachineServices = FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner

/** Available if the settings are valid. */
export type FleetServices = MachineServices | Settings | Fleet | OpencodeClient

const observation =
  (state: Mark) =>
  (message: string, advice?: string): Observation => ({ state, message, ...(advice === undefined ? {} : { advice }) })

export const ok = observation("ok")
export const warning = observation("warning")
export const problem = observation("problem")
