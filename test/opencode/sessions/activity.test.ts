import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { activities } from "../../../src/opencode/sessions/activity.ts"
import { pendingRequestsOf } from "../../../src/opencode/requests/pendingRequests.ts"
import { opencode, overFake } from "../../support/overFake.ts"
import { makeBusy } from "../../support/play.ts"
import { assistant, done, here, msg, permission, user } from "../../support/samples.ts"
import { main, withMain } from "../turns/sending.ts"

const asking = msg("asking")
const request = (name: string) => ({ ...permission(name), tool: { messageID: asking } })

/** Both functions that find out what a session waits for. */
const ways = [
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

const idsOf = (found: Effect.Success<(typeof ways)[number][1]>) =>
  ("get" in found ? (found.get(here)?.pending ?? []) : found).map((pending) => pending.request.id)

describe("What a session waits for", () => {
  it.effect.each(ways)("stays open however many messages stand behind the one whose tool asks: %s", ([, look]) =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.permissions = [request("1")]
      for (let index = 0; index < 30; index++) {
        fake.store(here, user(msg(`later${index}`)))
        fake.store(here, { info: assistant(msg(`more${index}`), msg(`later${index}`), done()), parts: [] })
      }
      assert.deepStrictEqual(idsOf(yield* look), [permission("1").id])
      // It is over once its message is, though another one is being written.
      fake.store(here, { info: assistant(msg("last"), msg("later29")), parts: [] })
      fake.store(here, { info: assistant(asking, msg("prompt"), done()), parts: [] })
      assert.deepStrictEqual(idsOf(yield* look), [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(ways)("costs one look at the message, however much its tools ask for: %s", ([, look]) =>
    Effect.gen(function* () {
      const fake = yield* waiting
      fake.permissions = Array.from({ length: 100 }, (_, index) => request(String(index)))
      assert.lengthOf(idsOf(yield* look), 100)
      assert.strictEqual(fake.count(`GET /session/${here}/message/${asking}`), 1)
      assert.isAtMost(fake.requests.length, 5)
    }).pipe(Effect.provide(overFake)),
  )
})
