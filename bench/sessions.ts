/**
 * What one reads of a real opencode with 20 long sessions (100 messages of 20 KB each), of both versions: `list_sessions`,
 * compared with opencode's own list, and `get_session`, compared with the three requests that it needs. opencode 2 is skipped
 * where it is not installed.
 */
import { Console, Effect, FileSystem, Schema } from "effect"
import { opencode2Binary } from "../test/support/opencode2Binary.ts"
import { RealOpencode } from "../test/support/RealOpencode.ts"
import { RealOpencode2 } from "../test/support/RealOpencode2.ts"
import { bareClient } from "./floors/bareTurns.ts"
import { bareClient2 } from "./floors/bareTurns2.ts"
import { registered } from "./support/fleet.ts"
import { measureReads } from "./support/measureReads.ts"
import type { Programs } from "./support/programs.ts"

const sessions = 20
const messages = 100
const text = "x".repeat(20_000)

const WithId = Schema.Struct({ id: Schema.String })
const decodeId = Schema.decodeUnknownSync(WithId)
const decodeId2 = Schema.decodeUnknownSync(Schema.Struct({ data: WithId }))

const client = (url: string, headers: Readonly<Record<string, string>> = {}) => ({
  get: (path: string) => Effect.promise(async () => (await fetch(`${url}${path}`, { headers })).text()),
  post: (path: string, body: unknown) =>
    Effect.promise(async (): Promise<unknown> => {
      const init = { method: "POST", headers: { ...headers, "content-type": "application/json" } }
      return (await fetch(`${url}${path}`, { ...init, body: JSON.stringify(body) })).json()
    }),
})

/** opencode stores the summaries of the turns. */
const settle = Effect.sleep("3 seconds")

const onOpencode1 = Effect.fnUntraced(
  function* (programs: Programs) {
    const { directory: cwd, port, url } = yield* RealOpencode
    const { get, post } = client(url)
    const bare = yield* bareClient(url)
    const session = decodeId(yield* post("/session", { title: "Long" })).id
    // Notes, which have no answer, and one turn at the end.
    const note = post(`/session/${session}/message`, { noReply: true, parts: [{ type: "text", text }] })
    yield* Effect.replicateEffect(note, messages - 2, { discard: true })
    const fork = Effect.map(post(`/session/${session}/fork`, {}), (copy) => decodeId(copy).id)
    const copies = yield* Effect.replicateEffect(fork, sessions - 1)
    yield* Effect.forEach([session, ...copies], (id) => bare.turn(id, "say:done"))
    yield* settle
    const status = `/session/status?directory=${encodeURIComponent(cwd)}`
    return yield* measureReads({
      programs,
      directory: yield* registered({ port, cwd }),
      sessions,
      session,
      list: get("/experimental/session?limit=100000"),
      three: Effect.forEach([`/session/${session}`, `/session/${session}/message?limit=20`, status], get),
    })
  },
  Effect.scoped,
  Effect.provide(RealOpencode.layer({ snapshots: true })),
)

const onOpencode2 = Effect.fnUntraced(
  function* (programs: Programs) {
    const { directory: cwd, password = "", port, url } = yield* RealOpencode2
    const authorization = `Basic ${btoa(`opencode:${password}`)}`
    const { get, post } = client(url, { authorization })
    const bare = yield* bareClient2(url, authorization)
    const session = decodeId2(yield* post("/api/session", { location: { directory: cwd } })).data.id
    yield* Effect.replicateEffect(bare.turn(session, `say:${text}`), messages / 2, { discard: true })
    const fork = Effect.map(post(`/api/session/${session}/fork`, {}), (copy) => decodeId2(copy).data.id)
    yield* Effect.replicateEffect(fork, sessions - 1, { discard: true })
    yield* settle
    const one = `/api/session/${session}`
    const figures = yield* measureReads({
      programs,
      directory: yield* registered({ port, cwd, api: 2 }),
      env: { OPENCODE_SERVER_PASSWORD: password },
      sessions,
      session,
      list: get("/api/session?limit=100000"),
      three: Effect.forEach([one, `${one}/message?limit=20`, "/api/session/active"], get),
    })
    return figures.map((figure) => ({ ...figure, what: `opencode 2: ${figure.what}` }))
  },
  Effect.scoped,
  Effect.provide(RealOpencode2.layer({ snapshots: true })),
)

export const benchSessions = Effect.fn("benchSessions")(function* (programs: Programs) {
  const figures = yield* onOpencode1(programs)
  if (yield* (yield* FileSystem.FileSystem).exists(opencode2Binary))
    return [...figures, ...(yield* onOpencode2(programs))]
  yield* Console.error("SKIPPED: sessions of opencode 2; `npm run opencode2` installs it")
  return figures
})
