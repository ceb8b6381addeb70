/**
 * Items of another shape in every list that is read from opencode, in both versions: each is said by the answer that would
 * contain it, with its kind and opencode's version.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { FakeFleet, fakeFleetLayer } from "../../src/testing/FakeFleet.ts"
import type { FakeState } from "../../src/testing/FakeState.ts"
import type { Fault } from "../../src/testing/Fault.ts"
import * as Faults from "../../src/testing/Fault.ts"
import { assistant, done, here, msg, session, textPart, user } from "../../src/testing/samples.ts"
import { call } from "../support/fleetOver.ts"
import { whilePassing } from "../support/overFake.ts"

/** An object of a kind that no version of opencode has sent so far. */
const unknown = { kind: "hologram" }

type Api = 1 | 2

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** Adds an item to the list in an answer. */
const withUnknown = (body: unknown): unknown => {
  if (Array.isArray(body)) return [...body, unknown]
  if (!isObject(body)) return body
  const name = Object.keys(body).find((key) => Array.isArray(body[key])) ?? ""
  return { ...body, [name]: withUnknown(body[name]) }
}

const another: Fault = (answer) =>
  Effect.flatMap(answer, (response) =>
    Effect.promise(async () => {
      const web = HttpServerResponse.toWeb(response)
      return HttpServerResponse.jsonUnsafe(withUnknown(await web.json()), { headers: Object.fromEntries(web.headers) })
    }),
  )

const prepare = (fake: FakeState, now: number) => {
  fake.sessions = [session("main", { time: { created: now - 1000, updated: now } })]
  fake.store(here, user(msg("u")))
  const info = assistant(msg("a"), msg("u"), done())
  fake.store(here, { info, parts: [textPart(info.id, "Done")] })
}

/** The text of a tool's answer, or of its error. */
const said = (tool: Parameters<typeof call>[0], parameters: object) =>
  Effect.match(call(tool, parameters as never), {
    onFailure: (error) => ("message" in error ? String(error.message) : String(error)),
    onSuccess: ({ text, view }) => {
      // Each form of the answer says it.
      assert.include(JSON.stringify(view), "not understood")
      return text
    },
  })

interface Row {
  readonly kind: string
  /** Of opencode 1, if it differs. */
  readonly kind1?: string
  readonly routes: Partial<Readonly<Record<Api, string>>>
  readonly tool: Parameters<typeof call>[0]
  readonly parameters?: object
  readonly busy?: boolean
  readonly empty?: boolean
  readonly never?: ReadonlyArray<string>
}

const inSession = { session_id: here }

const rows: ReadonlyArray<Row> = [
  { kind: "session", routes: { 1: "GET /experimental/session", 2: "GET /api/session" }, tool: "list_sessions" },
  { kind: "session", routes: { 1: "GET /experimental/session", 2: "GET /api/session" }, tool: "get_status" },
  {
    kind: "session",
    routes: { 1: "GET /experimental/session", 2: "GET /api/session" },
    tool: "get_session",
    parameters: { session_id: "no such title" },
  },
  {
    kind: "session",
    routes: { 1: "GET /experimental/session", 2: "GET /api/session" },
    tool: "refresh_instances",
    never: ["Nothing waits for a person"],
  },
  {
    kind: "message",
    routes: { 1: `GET /session/${here}/message`, 2: `GET /api/session/${here}/message` },
    tool: "get_session",
    parameters: inSession,
  },
  {
    kind: "message",
    routes: { 1: `GET /session/${here}/message`, 2: `GET /api/session/${here}/message` },
    tool: "wait_for_session",
    parameters: inSession,
    empty: true,
    never: ["no messages yet"],
  },
  {
    kind: "message",
    routes: { 1: `GET /session/${here}/message`, 2: `GET /api/session/${here}/message` },
    tool: "get_diff",
    parameters: inSession,
    empty: true,
    never: ["No messages yet"],
  },
  {
    kind: "permission",
    routes: { 1: "GET /permission", 2: `GET /api/session/${here}/permission` },
    tool: "get_status",
    busy: true,
  },
  {
    kind: "permission",
    routes: { 1: "GET /permission", 2: `GET /api/session/${here}/permission` },
    tool: "respond_permission",
    parameters: { ...inSession, response: "once" },
    busy: true,
  },
  {
    kind: "permission",
    routes: { 1: "GET /permission", 2: `GET /api/session/${here}/permission` },
    tool: "refresh_instances",
    busy: true,
    never: ["Nothing waits for a person"],
  },
  {
    kind: "question",
    routes: { 1: "GET /question", 2: `GET /api/session/${here}/form` },
    tool: "get_status",
    busy: true,
  },
  {
    kind: "question",
    routes: { 1: "GET /question", 2: `GET /api/session/${here}/form` },
    tool: "answer_question",
    parameters: { ...inSession, answers: [["Red"]] },
    busy: true,
  },
  {
    kind: "agent",
    routes: { 1: "GET /agent", 2: "GET /api/agent" },
    tool: "send_message",
    parameters: { ...inSession, message: "Go", agent: "missing" },
  },
  {
    kind: "model",
    kind1: "provider",
    routes: { 1: "GET /config/providers", 2: "GET /api/model" },
    tool: "send_message",
    parameters: { ...inSession, message: "Go", model: "acme/missing" },
  },
  {
    kind: "file change",
    routes: { 1: `GET /session/${here}/diff`, 2: `GET /api/session/${here}/diff` },
    tool: "get_diff",
    parameters: inSession,
    never: ["No file was changed"],
  },
  {
    kind: "file change",
    routes: { 1: `GET /session/${here}/diff`, 2: `GET /api/session/${here}/diff` },
    tool: "get_diff",
    parameters: { ...inSession, path: "a.ts" },
  },
]

const cases = rows.flatMap((row) => ([1, 2] as const).map((api) => ({ ...row, api })))

describe("An item of another shape", () => {
  it.effect.each(cases)(
    "$kind of opencode $api is said by $tool",
    ({ api, busy = false, empty = false, kind, kind1 = kind, never = [], parameters = {}, routes, tool }) =>
      Effect.gen(function* () {
        const fake = (yield* FakeFleet).at("one")
        prepare(fake, yield* Clock.currentTimeMillis)
        fake.version = `${api}.999.1`
        if (empty) fake.messages.clear()
        if (busy) fake.statuses.set(here, { type: "busy" })
        fake.fail(routes[api] ?? "", another)
        const text = yield* whilePassing(10_000, said(tool, parameters))
        assert.include(text, `1 ${api === 1 ? kind1 : kind} not understood (opencode ${api}.999.1)`)
        for (const each of never) assert.notInclude(text, each)
      }).pipe(Effect.provide(fakeFleetLayer({ name: "one", api }))),
  )
})

describe("An answer of another shape from a newer opencode", () => {
  it.effect.each([1, 2] as const)("of version %i says to update opencode-fleet", (api) =>
    Effect.gen(function* () {
      const fake = (yield* FakeFleet).at("one")
      prepare(fake, yield* Clock.currentTimeMillis)
      fake.version = `${api}.999.1`
      fake.fail(api === 1 ? "GET /experimental/session" : "GET /api/session", Faults.json({ sessions: {} }))
      const text = yield* whilePassing(5000, said("list_sessions", {}))
      assert.include(text, `opencode ${api}.999.1 on one`)
      assert.include(text, "something that this version of opencode-fleet does not understand")
      assert.include(text, "Update opencode-fleet.")
      assert.notInclude(text, "Another program")
    }).pipe(Effect.provide(fakeFleetLayer({ name: "one", api }))),
  )

  it.effect("of a version that was tried may come from another program", () =>
    Effect.gen(function* () {
      const fake = (yield* FakeFleet).at("one")
      fake.fail("GET /experimental/session", Faults.json({ sessions: {} }))
      const text = yield* whilePassing(5000, said("list_sessions", {}))
      assert.include(text, "Another program may be listening")
      assert.notInclude(text, "Update opencode-fleet")
    }).pipe(Effect.provide(fakeFleetLayer("one"))),
  )
})
