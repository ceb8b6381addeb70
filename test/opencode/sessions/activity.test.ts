import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { activities } from "../../../src/opencode/sessions/activity.ts"
import { pendingRequestsOf } from "../../../src/opencode/requests/pendingRequests.ts"
import { opencode, overFake } from "../../support/overFake.ts"
import { makeBusy } from "../../support/play.ts"
import { assistant, done, here, msg, permission, ses, session, user } from "../../../src/testing/samples.ts"
import { main, withMain } from "../turns/sending.ts"

const asking = msg("asking")
const request = (name: string) => ({ ...permission(name), tool: { messageID: asking } })

/** Both functions that find out what a session waits for. */
const functions = [
  ["activities", Effect.flatMap(opencode, (api) => activities(api, [main]))],
  ["pendingRequestsOf", Effect.flatMap(opencode, (api) => pendingRequestsOf(api, main))],
] as const

/** The session is busy, and the tool call of one of its messages has a pending request. */
const waiting = Effect.tap(withMain, (fake) =>
  Effect.sync(() => {
    makeBusy(fake)
    fake.store(here, user(msg("prompt")))
    fake.store(here, { info: assistant(asking, msg("prompt")), parts: [] })
  }),
)

const idsOf = (found: Effect.Success<(typeof functions)[number][1]>) =>
  ("get" in found ? (found.get(here)?.pending ?? []) : found).map((pending) => pending.request.id)

describe("What a session waits for", () => {
  it.effect.each(functions)("stays open however many messages follow the one whose tool call waits: %s", ([, read]) =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.permissions = [request("1")]
      for (let index = 0; index < 30; index++) {
        fake.store(here, user(msg(`later${index}`)))
        fake.store(here, { info: assistant(msg(`more${index}`), msg(`later${index}`), done()), parts: [] })
      }
      assert.deepStrictEqual(idsOf(yield* read), [permission("1").id])
      // The request is over when its message is, even if another message is being written.
      fake.store(here, { info: assistant(msg("last"), msg("later29")), parts: [] })
      fake.store(here, { info: assistant(asking, msg("prompt"), done()), parts: [] })
      assert.deepStrictEqual(idsOf(yield* read), [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(functions)("reads the message once, however many requests its tool calls have: %s", ([, read]) =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.permissions = Array.from({ length: 100 }, (_, index) => request(String(index)))
      assert.lengthOf(idsOf(yield* read), 100)
      assert.strictEqual(fake.count(`GET /session/${here}/message/${asking}`), 1)
      assert.isAtMost(fake.requests.length, 5)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is shown at an idle session, too, whose subagent in the background waits", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.statuses.set(ses("child"), { type: "busy" })
      fake.permissions = [permission("1", ses("child"))]
      const found = (yield* activities(yield* opencode, [main])).get(here)
      assert.deepStrictEqual(
        found?.pending.map(({ request }) => request.id),
        [permission("1").id],
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is read once for all directories if the server reports all of them at once", () =>
    Effect.gen(function* () {
      const fake = yield* waiting
      const api = yield* opencode
      const wide = { ...api, capabilities: { ...api.capabilities, statusScope: "server" } } as const
      const sessions = [main, session("other", { directory: "/work/other" })]
      assert.isTrue((yield* activities(wide, sessions)).has(here))
      assert.strictEqual(fake.count("GET /session/status"), 1)
      yield* activities(api, sessions)
      assert.strictEqual(fake.count("GET /session/status"), 3)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not checked against the message if an abort leaves nothing behind", () =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.permissions = [request("1")]
      const api = yield* opencode
      const clean = { ...api, capabilities: { ...api.capabilities, abortLeavesRequests: false } }
      assert.lengthOf(yield* pendingRequestsOf(clean, main), 1)
      assert.strictEqual(fake.count(`GET /session/${here}/message/${asking}`), 0)
    }).pipe(Effect.provide(overFake)),
  )
})
