/**
 * What one reads of a real opencode with 20 long sessions (100 messages of 20 KB each): the first `list_sessions` of a new
 * process, compared with opencode's own list, and `get_session`, compared with the three requests that it needs.
 */
import { writeFile } from "node:fs/promises"
import { Effect, FileSystem, Schema } from "effect"
import { RealOpencode } from "../test/support/RealOpencode.ts"
import { bareClient } from "./floors/bareTurns.ts"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"
import { timed } from "./support/timed.ts"

const rounds = 9
const reads = 40
const sessions = 20
const messages = 100
const text = "x".repeat(20_000)

const json = { "content-type": "application/json" }
const decodeId = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String }))

const get = (url: string) => Effect.promise(async () => (await fetch(url)).text())

const post = (url: string, body: unknown) =>
  Effect.promise(async () => (await fetch(url, { method: "POST", headers: json, body: JSON.stringify(body) })).json())

/** Notes, which have no answer, and one turn at the end. */
const longSession = Effect.fnUntraced(function* (url: string) {
  const { id } = decodeId(yield* post(`${url}/session`, { title: "Long" }))
  const note = post(`${url}/session/${id}/message`, { noReply: true, parts: [{ type: "text", text }] })
  yield* Effect.replicateEffect(note, messages - 2, { discard: true })
  return id
})

export const benchSessions = Effect.fn("benchSessions")(
  function* (programs: Programs) {
    const { url, port, directory: project } = yield* RealOpencode
    const fs = yield* FileSystem.FileSystem
    const { directory } = yield* startFleet({ healthy: 0, hung: 0 })
    const registration = JSON.stringify({ name: "real", port, cwd: project })
    yield* Effect.promise(() => writeFile(`${directory}/real.json`, registration))
    const bare = yield* bareClient(url)
    const first = yield* longSession(url)
    const copies = yield* Effect.replicateEffect(
      Effect.map(post(`${url}/session/${first}/fork`, {}), (copy) => decodeId(copy).id),
      sessions - 1,
    )
    const ids = [first, ...copies]
    yield* Effect.forEach(ids, (id) => bare.turn(id, "say:done"))
    // opencode stores the summaries of the turns.
    yield* Effect.sleep("3 seconds")

    const list = get(`${url}/experimental/session?limit=100000`)
    /** A server that has listed nothing yet, in a home of its own, where nothing is remembered. */
    const fresh = Effect.gen(function* () {
      const home = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
      const ours = yield* JsonRpcProcess.start(programs.ours(directory, { HOME: home }))
      yield* ours.initialize
      yield* ours.listTools
      yield* ours.callTool("list_instances")
      yield* Effect.sleep("500 millis")
      return ours
    })
    const listed = { ours: Array<number>(), bare: Array<number>(), memory: Array<number>() }
    for (let round = -1; round < rounds; round++) {
      const { before, after, ms, theirs } = yield* Effect.scoped(
        Effect.gen(function* () {
          const ours = yield* fresh
          const theirs = yield* timed(list)
          const before = yield* ours.residentMemory
          const { ms } = yield* ours.callTool("list_sessions")
          // The counts in the background.
          yield* Effect.sleep("2 seconds")
          return { before, after: yield* ours.residentMemory, ms, theirs }
        }),
      )
      if (round < 0) continue
      listed.ours.push(ms)
      listed.bare.push(theirs)
      listed.memory.push(after - before)
    }

    const ours = yield* fresh
    const three = ["", "/message?limit=20", `status?directory=${encodeURIComponent(project)}`]
    const read = { ours: Array<number>(), bare: Array<number>() }
    for (let round = -5; round < reads; round++) {
      const { ms } = yield* ours.callTool("get_session", { session_id: first })
      const theirs = yield* timed(
        Effect.forEach(three, (path) =>
          get(path.startsWith("status") ? `${url}/session/${path}` : `${url}/session/${first}${path}`),
        ),
      )
      if (round < 0) continue
      read.ours.push(ms)
      read.bare.push(theirs)
    }
    const figures: ReadonlyArray<Figure> = [
      {
        what: `first list_sessions, ${sessions} long sessions`,
        value: median(listed.ours),
        samples: listed.ours,
        unit: "ms",
        floor: { name: "opencode's own list", value: median(listed.bare) },
        target: 1.5,
        note: `median of ${rounds} new processes; +${median(listed.memory).toFixed(0)} MB resident, counted 2 s later`,
      },
      {
        what: "get_session of a long session",
        value: median(read.ours),
        samples: read.ours,
        unit: "ms",
        floor: { name: "its three requests, in a row", value: median(read.bare) },
        target: 1.1,
        note: `median of ${reads}`,
      },
    ]
    return figures
  },
  Effect.scoped,
  Effect.provide(RealOpencode.layer()),
)
