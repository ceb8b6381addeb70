/**
 * An id that distinguishes this machine from others with the same host name. It is part of the names of registration files on a
 * shared relay: an instance finds its own file again after a restart, and no other machine writes into it.
 */
import { Effect, FileSystem, Hash, Path, Random } from "effect"
import { createFile } from "./atomicWrite.ts"
import { failureText } from "./fileError.ts"
import { LocalMachine } from "./LocalMachine.ts"

/**
 * Eight hexadecimal digits, derived from a random number in the state directory and from the host name, because machines may
 * share a home. If nothing can be stored, the id depends on the host name alone.
 */
export const machineId = Effect.fnUntraced(function* (stateDirectory: string) {
  const { hostname } = yield* LocalMachine
  const kept = yield* keptId(stateDirectory).pipe(
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(
          `the machine id cannot be stored, so only the host name identifies this machine to its relay: ${failureText(error)}`,
        ),
        "",
      ),
    ),
  )
  return (Hash.string(`${kept}\0${hostname}`) >>> 0).toString(16).padStart(8, "0")
})

const keptId = Effect.fnUntraced(function* (stateDirectory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* fs.makeDirectory(stateDirectory, { recursive: true, mode: 0o700 })
  const file = path.join(stateDirectory, "machine-id")
  const fresh = (yield* Effect.replicateEffect(Random.nextIntBetween(0, 0x7f_ff_ff_ff), 4))
    .map((part) => part.toString(36))
    .join("")
  // If another process created the file, its id is used. A failure shows when the file is read below.
  yield* createFile(file, fresh).pipe(Effect.uninterruptible, Effect.ignore)
  return (yield* fs.readFileString(file)).trim()
})
