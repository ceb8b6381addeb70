/** The statuses in `test/fixtures/tailscale`, described by its README. */
import { Effect, FileSystem, Schema } from "effect"
import { fileURLToPath } from "node:url"
import { type TailnetStatus, TailnetStatusJson } from "../../../src/discovery/tailscale/TailnetStatus.ts"

/** Statuses of one tailnet that were composed after Tailscale's source. */
export const versions = ["1.24.2", "1.50.1", "1.84.0", "1.98.8"] as const

const directory = fileURLToPath(new URL("../../fixtures/tailscale/", import.meta.url))

/** The file as it is. */
export const recording = Effect.fnUntraced(function* (name: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.readFileString(`${directory}${name}.json`)
}, Effect.orDie)

export const decode = (json: string): Effect.Effect<TailnetStatus> =>
  Effect.orDie(Schema.decodeEffect(TailnetStatusJson)(json))

export const status = (name: string) => Effect.flatMap(recording(name), decode)
