/** Servers of one user list each of their common sessions once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { renderSessions } from "../../../src/tools/sessions/renderSessions.ts"
import type { SessionsView } from "../../../src/tools/sessions/sessionSchemas.ts"
import { FakeFleet, fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { ses, session, updatedAt } from "../../../src/testing/samples.ts"
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

  it.effect("list a session in a worktree of opencode 1 with the others of its project", () =>
    Effect.gen(function* () {
      const { at } = yield* FakeFleet
      for (const name of ["api", "docs"]) {
        at(name).sessions = [
          session("tree", { directory: "/worktrees/fix", project: "p_docs" }),
          session("docs", { directory: "/work/docs", project: "p_docs" }),
          session("api", { directory: "/work/api", project: "p_api" }),
        ]
      }
      const api = yield* listed("api")
      assert.deepStrictEqual(idsOf(api), ["ses_api"])
      assert.deepStrictEqual(api.listed_at, [{ instance: "docs", session_count: 2 }])
      assert.sameMembers(idsOf(yield* listed("docs")), ["ses_tree", "ses_docs"])
    }).pipe(
      Effect.provide(
        fakeFleetLayer({ name: "api", directory: "/work/api" }, { name: "docs", directory: "/work/docs" }),
      ),
    ),
  )

  it.effect("show as their last session one of their own, not one in a worktree of another's project", () =>
    Effect.gen(function* () {
      const { at } = yield* FakeFleet
      for (const name of ["api", "docs"]) {
        at(name).sessions = [
          session("tree", { directory: "/worktrees/fix", project: "p_docs", ...updatedAt(3000) }),
          session("docs", { directory: "/work/docs", project: "p_docs", ...updatedAt(2000) }),
          session("api", { directory: "/work/api", project: "p_api", ...updatedAt(1000) }),
        ]
      }
      const { view } = yield* call("refresh_instances", {})
      assert.deepStrictEqual(view.instances.map(({ last_session_title: title, name }) => [name, title]).toSorted(), [
        ["api", "Session api"],
        ["docs", "Session tree"],
      ])
    }).pipe(
      Effect.provide(
        fakeFleetLayer({ name: "api", directory: "/work/api" }, { name: "docs", directory: "/work/docs" }),
      ),
    ),
  )
})
