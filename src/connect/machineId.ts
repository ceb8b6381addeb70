/**
 * Tells this machine from others of the same host name, for the names of files on a relay that they share: the same
 * instance finds its file again after a restart, and no other machine writes into it.
 */
import { Effect, FileSystem, Hash, Path, Random } from "effect"
import { LocalMachine } from "../fleet/LocalMachine.ts"

/** Made once, and kept in the state directory. Homes may be shared by machines, so the host name counts, too. */
export const machineId = Effect.fnUntraced(function* (stateDirectory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { hostname } = yield* LocalMachine
  const file = path.join(stateDirectory, "machine-id")
  yield* fs.makeDirectory(stateDirectory, { recursive: true, mode: 0o700 })
  const fresh = yield* Effect.replicateEffect(Random.nextIntBetween(0, 0x7f_ff_ff_ff), 4)
  // Who comes second reads what the first has written.
  yield* Effect.ignore(
    fs.writeFileString(file, fresh.map((part) => part.toString(36)).join(""), { flag: "wx", mode: 0o600 }),
  )
  const id = yield* fs.readFileString(file)
  return (Hash.string(`${id.trim()}\0${hostname}`) >>> 0).toString(16).padStart(8, "0")
})
