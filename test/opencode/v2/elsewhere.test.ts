/** Which sessions of opencode 2 count as running in another server of the same user. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { DatabaseUsers, type DatabaseUser } from "../../../src/machine/DatabaseUsers.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import { tolerantArray } from "../../../src/opencode/http/tolerantArray.ts"
import { recognised } from "../../support/recognised.ts"
import { type OtherInstance, OtherInstances } from "../../../src/opencode/sessions/otherServers.ts"
import { openSince } from "../../../src/opencode/v2/elsewhere.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { WireEntry } from "../../../src/opencode/v2/wire/WireMessage.ts"
import { freshMessageId } from "../../../src/opencode/Identifiers.ts"
import { here, session } from "../../../src/testing/samples.ts"

const user = { type: "user", id: "msg_1", time: { created: 10 }, text: "go" }
const idle = { type: "idle", id: "msg_9", time: { created: 90 }, outcome: "succeeded" }
const synthetic = { type: "synthetic", id: "msg_8", time: { created: 80 }, text: "The server restarted" }
const answer = (fields: object) => ({
  type: "assistant",
  id: "msg_2",
  time: { created: 20 },
  agent: "build",
  model: { providerID: "acme", id: "big" },
  content: [],
  ...fields,
})
const tool = {
  type: "tool",
  id: "call_1",
  name: "shell",
  time: { created: 30, ran: 40 },
  state: { status: "running", input: {} },
}

describe("The turn of the newest entries of a session", () => {
  it.each([
    ["has not begun in an empty session", [], undefined],
    ["is open after its prompt", [user], 10],
    ["is open while it is answered", [answer({}), user], 20],
    ["is open since its last tool call", [answer({ content: [tool] }), user], 40],
    ["is open between two steps", [answer({ time: { created: 20, completed: 50 }, finish: "tool-calls" }), user], 50],
    ["is open behind opencode's own entries", [synthetic, answer({}), user], 20],
    ["has ended with an idle marker", [idle, answer({}), user], undefined],
    ["has ended in opencode 1", [answer({ time: { created: 20, completed: 50 }, finish: "stop" }), user], undefined],
    [
      "has ended when its server was stopped",
      [
        answer({ time: { created: 20, completed: 50 }, finish: "error", error: { type: "aborted", message: "" } }),
        user,
      ],
      undefined,
    ],
  ])("%s", (_, entries, since) => {
    assert.strictEqual(openSince(recognised(Schema.decodeUnknownSync(tolerantArray(WireEntry))(entries))), since)
  })
})

/** A server whose session has an open turn, and the other servers on its database. */
const scene = (
  others: ReadonlyArray<DatabaseUser> | undefined,
  active = {},
  instances: ReadonlyArray<OtherInstance> = [],
) => {
  const requests: Array<string> = []
  const answers: Readonly<Record<string, unknown>> = {
    [`GET /api/session/${here}`]: {
      data: { id: here, time: { created: 1, updated: 10 }, location: { directory: "/work" } },
    },
    [`GET /api/session/${here}/message`]: { data: [answer({}), user], cursor: {} },
    "GET /api/session/active": { data: active },
    "GET /api/info": { version: "2.0.15", pid: 7 },
    [`POST /api/session/${here}/prompt`]: { data: { id: "msg_3" } },
  }
  const http = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, { pathname }) => {
      const route = `${request.method} ${pathname}`
      requests.push(route)
      return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(answers[route])))
    }),
  )
  const users = Layer.succeed(DatabaseUsers, {
    besidesListener: () => Effect.undefined,
    listener: (url) => Effect.succeed(url === "http://8" ? 8 : undefined),
    besides: (pid) => Effect.succeed(pid === 7 ? others : []),
  })
  return {
    requests,
    layer: Layer.mergeAll(
      OpencodeV2.layer.pipe(Layer.provide(http)),
      users,
      Layer.succeed(OtherInstances, () => Effect.succeed(instances)),
    ),
  }
}

const target = { instance: "laptop", url: "http://127.0.0.1:4096", credentials: undefined }

const open = session("main", { time: { created: 1, updated: 10 } })

const found = Effect.gen(function* () {
  const opencode = (yield* OpencodeClient).at(target)
  return (yield* opencode.runningElsewhere([{ ...open, id: here }])).get(here)
})

const hour = 60 * 60_000

describe("An open turn that the server does not run", () => {
  it.effect.each([
    ["is elsewhere if another server may be running it", [{ pid: 8, startedAt: 5 }], { pid: 8, until: 20 + hour }],
    ["is elsewhere if other servers are unknown", undefined, { until: 20 + hour }],
    ["is over if there is no other server", [], undefined],
    ["is over if the others have started since", [{ pid: 8, startedAt: 5000 }], undefined],
  ] as const)("%s", ([, others, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* found, expected)
    }).pipe(Effect.provide(scene(others).layer)),
  )

  it.effect("is on the instance that says so", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* found, { at: "private", until: 20 + hour })
    }).pipe(
      Effect.provide(scene(undefined, {}, [{ instance: "private", url: "http://8", running: new Set([here]) }]).layer),
    ),
  )

  it.effect("is over if the only other server says that it is not running it, unless it may be about to begin it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* found, { pid: 8, until: 20 + hour })
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(yield* found)
    }).pipe(
      Effect.provide(
        scene([{ pid: 8, startedAt: 5 }], {}, [{ instance: "private", url: "http://8", running: new Set() }]).layer,
      ),
    ),
  )

  it.effect("is over after an hour in which nothing was stored", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("61 minutes")
      assert.isUndefined(yield* found)
    }).pipe(Effect.provide(scene(undefined).layer)),
  )

  it.effect("receives no prompt", () => {
    const { layer, requests } = scene([{ pid: 8, startedAt: 5 }])
    return Effect.gen(function* () {
      const opencode = (yield* OpencodeClient).at(target)
      const error = yield* Effect.flip(opencode.prompt(here, { messageID: yield* freshMessageId, text: "more" }))
      assert.deepInclude(error, { _tag: "RunsElsewhere", pid: 8 })
      assert.notInclude(requests, `POST /api/session/${here}/prompt`)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not looked for in a session that has become idle since its last prompt", () => {
    const { layer, requests } = scene(undefined)
    return Effect.gen(function* () {
      const opencode = (yield* OpencodeClient).at(target)
      const ended = { ...open, time: { created: 1, updated: 10, idle: 30 } }
      assert.strictEqual((yield* opencode.runningElsewhere([ended])).size, 0)
      assert.deepStrictEqual(requests, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not elsewhere if it has begun here meanwhile", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* found)
    }).pipe(Effect.provide(scene(undefined, { [here]: { type: "running" } }).layer)),
  )
})
