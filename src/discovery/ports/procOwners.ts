/** Which process owns a socket on Linux, from `/proc/PID/fd` of this user's processes. */
import { Clock, Duration, Effect, FileSystem, Option } from "effect"
import { plainLine } from "../../text/plainText.ts"
import { fileErrorText, orElseUnlessShort } from "../../machine/fileError.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { ListeningUnknown, type Owner } from "./ListeningSockets.ts"
import { procSockets } from "./procSockets.ts"
import { programOf } from "./program.ts"

/** Pause before a socket without a known owner is searched for again. A process of this user may receive it later. */
const retryAfter = Duration.toMillis("1 minute")

/** Node's default number of threads for file access. */
const concurrency = 4

/** Timeout of one search, because a scan waits for it. Later searches continue from its results. */
const searchTimeout = "2 seconds"

/**
 * Returns a function from the inodes of sockets to their owners. It caches the owners of the last call, and searches the
 * processes only for new inodes. A process that exits meanwhile, or denies access, owns nothing. Fails if this process has
 * too many open files to search, because then an owner is not missing but unknown.
 */
export const procOwners = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const machine = yield* LocalMachine
  const known = new Map<string, Owner>()
  /** When an inode was last searched for without success, in epoch milliseconds. */
  const notFoundAt = new Map<string, number>()

  const ownerOf = Effect.fnUntraced(function* (pid: number, birth: string | undefined) {
    const link = (name: string) => fs.readLink(`/proc/${pid}/${name}`).pipe(orElseUnlessShort(undefined))
    const args = yield* fs.readFileString(`/proc/${pid}/cmdline`).pipe(orElseUnlessShort(""))
    const directory = yield* link("cwd")
    const owner: Owner = {
      pid,
      birth,
      ...programOf(yield* link("exe"), args.split("\0")),
      directory: directory === undefined ? undefined : plainLine(directory),
    }
    return owner
  })

  const { inodesOf, isOurs } = yield* procSockets
  const searchProcess = Effect.fnUntraced(function* (pid: number, wanted: Set<string>) {
    if (wanted.size === 0 || !(yield* isOurs(pid))) return
    const birth = machine.birthOf(pid)
    const found = (yield* inodesOf(pid)).filter((inode) => wanted.has(inode))
    if (found.length === 0) return
    const owner = yield* ownerOf(pid, birth)
    for (const inode of found) {
      wanted.delete(inode)
      known.set(inode, owner)
    }
  })

  /** Forgets closed sockets, and sockets of exited processes, because another process may have inherited them. */
  const prune = (inodes: ReadonlySet<string>) => {
    const alive = new Map<Owner, boolean>()
    for (const [inode, owner] of known) {
      const isAlive = alive.get(owner) ?? machine.isAlive(owner.pid, owner.birth)
      alive.set(owner, isAlive)
      if (!isAlive || !inodes.has(inode)) known.delete(inode)
    }
  }

  return Effect.fnUntraced(
    function* (inodes: ReadonlySet<string>) {
      prune(inodes)
      for (const inode of notFoundAt.keys()) if (!inodes.has(inode)) notFoundAt.delete(inode)
      const now = yield* Clock.currentTimeMillis
      const isDue = (inode: string) => !known.has(inode) && now - (notFoundAt.get(inode) ?? -retryAfter) >= retryAfter
      const wanted = new Set([...inodes].filter(isDue))
      if (wanted.size > 0) {
        const names = yield* fs.readDirectory("/proc").pipe(orElseUnlessShort<ReadonlyArray<string>>([]))
        const pids = names.filter((name) => /^\d+$/u.test(name)).map(Number)
        const complete = yield* Effect.forEach(pids, (pid) => searchProcess(pid, wanted), {
          concurrency,
          discard: true,
        }).pipe(Effect.timeoutOption(searchTimeout))
        if (Option.isSome(complete)) for (const inode of wanted) notFoundAt.set(inode, now)
      }
      const owners: ReadonlyMap<string, Owner> = known
      return owners
    },
    Effect.mapError((error) => new ListeningUnknown({ detail: fileErrorText(error) })),
  )
})
