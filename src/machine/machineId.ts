/**
 * Tells this machine from others of the same host name, for the names of files on a relay that they share: the same
 * instance finds its file again after a restart, and no other machine writes into it.
 */
import { Effect, FileSystem, Hash, Path, Random } from "effect"
import { LocalMachine } from "./LocalMachine.ts"

/** Made once, and kept in the state directory. Homes may be shared by machines, so the host name counts, too. */
export const machineId = Effect.fnUntraced(function* (stateDirectory: string) {
  const { hostname } = yield* LocalMachine
  const kept = yield* keptId(stateDirectory).pipe(
    Effect.catch(({ message }) =>
      Effect.as(Effect.logWarning(`this machine is known to its relay by its host name only: ${message}`), ""),
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
  const draft = `${file}.${fresh}.new`
  // Who comes second finds the whole of what the first has written.
  yield* fs
    .writeFileString(draft, fresh, { flag: "wx", mode: 0o600 })
    .pipe(
      Effect.andThen(fs.link(draft, file)),
      Effect.ensuring(Effect.ignore(fs.remove(draft, { force: true }))),
      Effect.uninterruptible,
      Effect.ignore,
    )
  return (yield* fs.readFileString(file)).trim()
})
