/** What `doctor` looks at, and what it says of it. */
import type { Effect, FileSystem, Path } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import type { Fleet } from "../../fleet/Fleet.ts"
import type { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Settings } from "../../Settings.ts"
import type { Mark } from "../terminal/marks.ts"

/** One thing that was found. */
export interface Observation {
  readonly state: Mark
  /** One sentence; never with a password. */
  readonly message: string
  /** What to do about it. */
  readonly advice?: string
}

export interface Check<R> {
  /** One or two words. */
  readonly name: string
  /** It cannot fail: what goes wrong is what it finds. Nothing, where there is nothing to look at. */
  readonly run: Effect.Effect<ReadonlyArray<Observation>, never, R>
}

/** What is there on every machine. */
export type MachineServices = FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner

/** What is there besides if the settings can be used. */
export type FleetServices = MachineServices | Settings | Fleet | OpencodeClient

const observation =
  (state: Mark) =>
  (message: string, advice?: string): Observation => ({ state, message, ...(advice === undefined ? {} : { advice }) })

export const ok = observation("ok")
export const warning = observation("warning")
export const problem = observation("problem")
