/** Measures `list_sessions` and `get_session` of one real opencode, compared with the requests that they need. */
import { Effect, FileSystem } from "effect"
import { JsonRpcProcess, type RequestFailed } from "./JsonRpcProcess.ts"
import type { Programs } from "./programs.ts"
import { median, type Figure } from "./report.ts"
import { timed } from "./timed.ts"

const rounds = 9
const reads = 40
/** Calls that compile the code of a new process. */
const warmUp = 5

export interface ReadSessions {
  readonly programs: Programs
  /** The relay directory with the instance. */
  readonly directory: string
  readonly env?: Readonly<Record<string, string>>
  /** Number of its sessions, which are long. */
  readonly sessions: number
  /** One of them. */
  readonly session: string
  /** opencode's own list. */
  readonly list: Effect.Effect<unknown>
  /** The requests that `get_session` needs, in a row. */
  readonly three: Effect.Effect<unknown>
}

export const measureReads = Effect.fnUntraced(function* ({
  directory,
  env = {},
  list,
  programs,
  session,
  sessions,
  three,
}: ReadSessions) {
  const fs = yield* FileSystem.FileSystem
  /** A server that has listed nothing yet, in a home of its own, where nothing is remembered. */
  const fresh = Effect.gen(function* () {
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
    const cache = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
    const ours = yield* JsonRpcProcess.start(programs.ours(directory, { ...env, HOME: home, XDG_CACHE_HOME: cache }))
    yield* ours.initialize
    yield* ours.listTools
    yield* ours.callTool("list_instances")
    yield* Effect.sleep("500 millis")
    return ours
  })
  const alternating = Effect.fnUntraced(function* (
    ours: Effect.Effect<{ readonly ms: number }, RequestFailed>,
    floor: Effect.Effect<unknown>,
  ) {
    const measured = { ours: Array<number>(), floor: Array<number>() }
    for (let round = -warmUp; round < reads; round++) {
      const { ms } = yield* ours
      const theirs = yield* timed(floor)
      if (round < 0) continue
      measured.ours.push(ms)
      measured.floor.push(theirs)
    }
    return measured
  })

  const first = { ours: Array<number>(), memory: Array<number>() }
  for (let round = -1; round < rounds; round++) {
    const { grown, ms } = yield* Effect.scoped(
      Effect.gen(function* () {
        const ours = yield* fresh
        const before = yield* ours.residentMemory
        const { ms } = yield* ours.callTool("list_sessions")
        // The counts in the background.
        yield* Effect.sleep("2 seconds")
        return { grown: (yield* ours.residentMemory) - before, ms }
      }),
    )
    if (round < 0) continue
    first.ours.push(ms)
    first.memory.push(grown)
  }
  const ours = yield* fresh
  const listed = yield* alternating(ours.callTool("list_sessions"), list)
  const read = yield* alternating(ours.callTool("get_session", { session_id: session }), three)
  const figures: ReadonlyArray<Figure> = [
    {
      what: `first list_sessions of a new process, ${sessions} long sessions`,
      value: median(first.ours),
      samples: first.ours,
      unit: "ms",
      note: `median of ${rounds} new processes, which compile it in this time; +${median(first.memory).toFixed(0)} MB resident, counted 2 s later`,
    },
    {
      what: `list_sessions, ${sessions} long sessions`,
      value: median(listed.ours),
      samples: listed.ours,
      unit: "ms",
      floor: { name: "opencode's own list", value: median(listed.floor) },
      target: 1.5,
      note: `median of ${reads}`,
    },
    {
      what: "get_session of a long session",
      value: median(read.ours),
      samples: read.ours,
      unit: "ms",
      floor: { name: "its three requests, in a row", value: median(read.floor) },
      target: 1.1,
      note: `median of ${reads}`,
    },
  ]
  return figures
}, Effect.scoped)
