/** What a channel was told, in a file of the state directory, so that a restart tells nothing twice. */
import { Effect, Schema } from "effect"
import { makeRecentKeys } from "./recentKeys.ts"
import { openStateFile, stateFileOf } from "./stateFile.ts"

export interface Told {
  readonly has: (id: string) => boolean
  readonly add: (id: string) => Effect.Effect<void>
  readonly remove: (id: string) => Effect.Effect<void>
}

/** What waits for longer than a thousand events take would be told again after a restart. */
const maxStored = 1000

/** What the channel with this id was told. */
export const readTold = Effect.fnUntraced(function* (directory: string, channel: string) {
  const file = yield* stateFileOf(directory, "told", channel)
  const { initial, write } = yield* openStateFile(file, Schema.String, "a restart may tell something twice")
  const keys = makeRecentKeys(maxStored, initial)
  return {
    has: keys.has,
    add: (id) => Effect.suspend(() => (keys.add(id) ? write(keys.values) : Effect.void)),
    remove: (id) => Effect.suspend(() => (keys.remove(id) ? write(keys.values) : Effect.void)),
  } satisfies Told as Told
})
