/** Linux: which process has a socket, by what `/proc` says of this user's processes. */
import { Clock, Duration, Effect, FileSystem, Option } from "effect"
import { plainLine } from "../../text/plainText.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { CurrentUser } from "../../machine/StrictModes.ts"
import type { Owner } from "./ListeningSockets.ts"
import { programOf } from "./program.ts"

/** What nobody seems to own may be passed on to somebody who does; until then it is not looked for again. */
const pause = Duration.toMillis("1 minute")

/** As many as Node reads at the same time. */
const atOnce = 4

/** A scan waits for it. What it has found until then, the next one need not look for. */
const patience = "2 seconds"

/** Of a link of `/proc/PID/fd`; nothing if no socket is behind it. */
const inodeOf = (link: string): string => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? ""

const unless = <A>(fallback: A) => Effect.orElseSucceed(() => fallback)

/**
 * The owners by the sockets' inodes. Only for those that it has not seen before are the processes looked through, and it
 * remembers no others than those of the last call. A process that ends meanwhile, or does not let itself be looked at,
 * owns nothing.
 */
export const procOwners = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const user = yield* CurrentUser
  const machine = yield* LocalMachine
  const known = new Map<string, Owner>()
  /** When the processes were looked through in vain, by inode. */
  const missed = new Map<string, number>()

  const inodesOf = (pid: number) =>
    fs.readDirectory(`/proc/${pid}/fd`).pipe(
      Effect.flatMap((files) =>
        Effect.forEach(files, (file) => Effect.map(fs.readLink(`/proc/${pid}/fd/${file}`), inodeOf).pipe(unless("")), {
          concurrency: atOnce,
        }),
      ),
      unless<ReadonlyArray<string>>([]),
    )

  const ownerOf = Effect.fnUntraced(function* (pid: number, birth: string | undefined) {
    const link = (name: string) => Effect.map(Effect.option(fs.readLink(`/proc/${pid}/${name}`)), Option.getOrUndefined)
    const args = yield* fs.readFileString(`/proc/${pid}/cmdline`).pipe(unless(""))
    const directory = yield* link("cwd")
    const owner: Owner = {
      pid,
      birth,
      ...programOf(yield* link("exe"), args.split("\0")),
      directory: directory === undefined ? undefined : plainLine(directory),
    }
    return owner
  })

  const isOurs = (pid: number) =>
    fs.stat(`/proc/${pid}`).pipe(
      Effect.map(({ uid }) => Option.isSome(uid) && Option.contains(user, uid.value)),
      unless(false),
    )

  const look = Effect.fnUntraced(function* (pid: number, wanted: Set<string>) {
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

  /** Who passes a socket on and ends leaves it to somebody else. */
  const forget = (inodes: ReadonlySet<string>) => {
    const alive = new Map<Owner, boolean>()
    for (const [inode, owner] of known) {
      const lives = alive.get(owner) ?? machine.isAlive(owner.pid, owner.birth)
      alive.set(owner, lives)
      if (!lives || !inodes.has(inode)) known.delete(inode)
    }
  }

  return Effect.fnUntraced(function* (inodes: ReadonlySet<string>) {
    forget(inodes)
    for (const inode of missed.keys()) if (!inodes.has(inode)) missed.delete(inode)
    const now = yield* Clock.currentTimeMillis
    const isDue = (inode: string) => !known.has(inode) && now - (missed.get(inode) ?? -pause) >= pause
    const wanted = new Set([...inodes].filter(isDue))
    if (wanted.size > 0) {
      const names = yield* fs.readDirectory("/proc").pipe(unless<ReadonlyArray<string>>([]))
      const pids = names.filter((name) => /^\d+$/u.test(name)).map(Number)
      const looked = yield* Effect.forEach(pids, (pid) => look(pid, wanted), {
        concurrency: atOnce,
        discard: true,
      }).pipe(Effect.timeoutOption(patience))
      if (Option.isSome(looked)) for (const inode of wanted) missed.set(inode, now)
    }
    const owners: ReadonlyMap<string, Owner> = known
    return owners
  })
})
