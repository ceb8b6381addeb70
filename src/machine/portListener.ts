/** The process that listens at a loopback URL, on Linux. */
import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import { processesWith } from "./openFiles.ts"

/** The state of a listening socket in `/proc/net/tcp`. */
const listening = "0A"

const socketsIn = (file: string, port: number) =>
  Effect.tryPromise(() => readFile(file, "latin1")).pipe(
    Effect.orElseSucceed(() => ""),
    Effect.map((table) =>
      table.split("\n").flatMap((row) => {
        const [, local = "", , state, , , , , , inode] = row.trim().split(/\s+/u)
        return state === listening && Number.parseInt(local.split(":")[1] ?? "", 16) === port
          ? [`socket:[${inode}]`]
          : []
      }),
    ),
  )

const isLoopback = (hostname: string) => /^(localhost|127\..*|\[::1\])$/u.test(hostname)

/** Undefined if there is none, or if the system does not tell. `likely`: the processes that are looked at first. */
export const listenerAt = Effect.fnUntraced(function* (
  url: string,
  likely: Effect.Effect<ReadonlyArray<number>> = Effect.succeed([]),
): Effect.fn.Return<number | undefined> {
  const { hostname, port } = new URL(url)
  if (!isLoopback(hostname)) return undefined
  const sockets = yield* Effect.forEach(["/proc/net/tcp", "/proc/net/tcp6"], (file) => socketsIn(file, Number(port)))
  const found = new Set(sockets.flat())
  if (found.size === 0) return undefined
  return (yield* processesWith(found, yield* likely))[0] ?? (yield* processesWith(found))[0]
})
