/** Two opencode 2 servers of one user list each of their common sessions once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { renderSessions } from "../../../src/tools/sessions/renderSessions.ts"
import type { SessionsView } from "../../../src/tools/sessions/sessionSchemas.ts"
import { FakeFleet, fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { ses, session } from "../../../src/testing/samples.ts"
import { call } from "../../support/fleetOver.ts"

const two = (name: string) => ({ name, api: 2 as const })

const listed = (instance: string) => Effect.map(call("list_sessions", { instance }), ({ view }) => view)

const idsOf = ({ sessions }: SessionsView) => sessions.map(({ session_id: id }) => String(id))

describe("Instances with the same sessions", () => {
  it.effect("list each of them once: at the instance that runs it, and otherwise at the first one", () =>
    Effect.gen(function* () {
      const { at } = yield* FakeFleet
      for (const name of ["a", "b"]) {
        at(name).sessions = [session("idle"), session("busy"), session("child", { parentID: ses("busy") })]
      }
      at("c").sessions = [session("foreign")]
      at("b").statuses.set(ses("child"), { type: "busy" })
      const a = yield* listed("a")
      assert.deepStrictEqual(idsOf(a), ["ses_idle"])
      assert.deepStrictEqual(a.listed_at, [{ instance: "b", session_count: 1 }])
      assert.include(renderSessions(a), "which list the rest: `b` 1.")
      const b = yield* listed("b")
      assert.sameMembers(idsOf(b), ["ses_busy", "ses_child"])
      assert.deepStrictEqual(b.listed_at, [{ instance: "a", session_count: 1 }])
      const c = yield* listed("c")
      assert.deepStrictEqual(idsOf(c), ["ses_foreign"])
      assert.isUndefined(c.listed_at)
    }).pipe(Effect.provide(fakeFleetLayer(two("a"), two("b"), two("c")))),
  )
})
