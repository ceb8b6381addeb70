/** The sessions of several projects on one opencode 1, which is asked about each directory by itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { renderSessions } from "../../../src/tools/sessions/renderSessions.ts"
import { FakeFleet, fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { permission, ses, session, updatedAt } from "../../../src/testing/samples.ts"
import { call } from "../../support/fleetOver.ts"

/** The clock of a test stands at 0. */
const day = 24 * 60 * 60 * 1000

const elsewhere = { directory: "/work/other" }

const setUp = Effect.gen(function* () {
  const fake = (yield* FakeFleet).at("a")
  fake.sessions = [
    session("own", updatedAt(-3 * day)),
    session("fresh", { ...elsewhere, ...updatedAt(-day / 2) }),
    session("old", { directory: "/work/long-ago", ...updatedAt(-2 * day) }),
  ]
  return fake
})

const asked = (requests: ReadonlyArray<{ readonly query: Readonly<Record<string, string>> }>) =>
  new Set(requests.flatMap(({ query }) => query["directory"] ?? []))

const listed = (instance: string) => Effect.map(call("list_sessions", { instance }), ({ view }) => view)

describe("The sessions of an opencode 1", () => {
  it.effect("are those of all its projects, each with its directory", () =>
    Effect.gen(function* () {
      yield* setUp
      const { text, view } = yield* call("list_sessions", {})
      assert.sameMembers(
        view.sessions.map(({ directory, session_id }) => `${session_id} ${directory}`),
        ["ses_own /work/project", "ses_fresh /work/other", "ses_old /work/long-ago"],
      )
      assert.include(text, "/work/other")
    }).pipe(Effect.provide(fakeFleetLayer("a"))),
  )

  it.effect(
    "are busy or wait for a person in another project, too: list_instances, get_status and list_sessions say so",
    () =>
      Effect.gen(function* () {
        const fake = yield* setUp
        fake.statuses.set(ses("fresh"), { type: "busy" })
        fake.permissions = [permission("other", ses("fresh"))]
        const status = yield* call("get_status", {})
        assert.deepStrictEqual(
          status.view.active.map(({ directory, session_id, status }) => ({ directory, session_id, status })),
          [{ ...elsewhere, session_id: "ses_fresh", status: "waiting" }],
        )
        const { view } = yield* call("list_sessions", {})
        assert.strictEqual(view.sessions.find(({ session_id }) => session_id === "ses_fresh")?.status, "waiting")
        const { view: fleet } = yield* call("refresh_instances", {})
        assert.strictEqual(fleet.waiting_instance_count, 1)
      }).pipe(Effect.provide(fakeFleetLayer("a"))),
  )

  it.effect("do not make opencode load a directory of another project that nobody has used for a day", () =>
    Effect.gen(function* () {
      const fake = yield* setUp
      const { view } = yield* call("list_sessions", {})
      const old = view.sessions.find(({ session_id }) => session_id === "ses_old")
      assert.deepInclude(old, { status: "unknown" })
      assert.include(old?.detail, "not asked")
      yield* call("get_status", {})
      yield* call("refresh_instances", {})
      assert.sameMembers([...asked(fake.requests)], ["/work/project", "/work/other"])
    }).pipe(Effect.provide(fakeFleetLayer("a"))),
  )

  it.effect("are known in all directories but the one in which opencode cannot work", () =>
    Effect.gen(function* () {
      const fake = yield* setUp
      const reason = "Expected comma at line 3 of /work/other/opencode.json"
      fake.statuses.set(ses("own"), { type: "busy" })
      fake.brokenDirectories.set("/work/other", reason)
      const { text, view } = yield* call("list_sessions", {})
      assert.deepStrictEqual(Object.fromEntries(view.sessions.map(({ session_id, status }) => [session_id, status])), {
        ses_own: "busy",
        ses_fresh: "unknown",
        ses_old: "unknown",
      })
      assert.include(text, reason)
      assert.strictEqual(view.broken_directories?.[0]?.directory, "/work/other")
      const status = yield* call("get_status", {})
      assert.strictEqual(status.view.active_count, 1)
      assert.include(status.text, reason)
      const fleet = yield* call("refresh_instances", {})
      assert.include(fleet.view.instances[0]?.waiting_for_unknown, reason)
      assert.strictEqual(fleet.view.unchecked_instance_count, 1)
      assert.include(fleet.text, reason)
    }).pipe(Effect.provide(fakeFleetLayer("a"))),
  )

  it.effect("are listed once where several servers share them: at the server of their directory, or at the first", () =>
    Effect.gen(function* () {
      const { at } = yield* FakeFleet
      const all = [
        session("a", { directory: "/work/a/sub" }),
        session("b", { directory: "/work/b" }),
        session("none", elsewhere),
      ]
      at("a").sessions = all
      at("b").sessions = all
      const a = yield* listed("a")
      assert.sameMembers(
        a.sessions.map(({ session_id }) => session_id),
        ["ses_a", "ses_none"],
      )
      assert.include(renderSessions(a), "which list the rest: `b` 1.")
      const b = yield* listed("b")
      assert.deepStrictEqual(
        b.sessions.map(({ session_id }) => session_id),
        ["ses_b"],
      )
      assert.deepStrictEqual(b.listed_at, [{ instance: "a", session_count: 2 }])
    }).pipe(Effect.provide(fakeFleetLayer({ name: "a", directory: "/work/a" }, { name: "b", directory: "/work/b" }))),
  )

  it.effect("that are called latest belong to the server's own project", () =>
    Effect.gen(function* () {
      yield* setUp
      const { view } = yield* call("get_session", { session_id: "latest" })
      assert.strictEqual(view.session.session_id, "ses_own")
    }).pipe(Effect.provide(fakeFleetLayer("a"))),
  )
})
