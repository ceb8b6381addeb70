/** The session that `latest` means on servers that show the same sessions. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Session } from "../../../src/opencode/sessions/Session.ts"
import { FakeFleet, fakeFleetLayer } from "../../../src/testing/FakeFleet.ts"
import { ses, session, updatedAt } from "../../../src/testing/samples.ts"
import { call } from "../../support/fleetOver.ts"

const showing = Effect.fnUntraced(function* (...sessions: ReadonlyArray<Session>) {
  const { at } = yield* FakeFleet
  for (const name of ["api", "docs"]) at(name).sessions = [...sessions]
})

/** opencode knows the project of `/work/api` before it has a session. */
const knowing = Effect.map(FakeFleet, ({ at }) => {
  for (const name of ["api", "docs"]) at(name).projects = [{ id: "p_api", worktree: "/work/api" }]
})

const latestAt = (instance: string) =>
  Effect.map(call("get_session", { instance, session_id: "latest" }), ({ view }) => view.session.session_id)

const tree = session("tree", { directory: "/worktrees/fix", project: "p_api", ...updatedAt(4000) })
const docs = session("docs", { directory: "/work/docs", project: "p_docs", ...updatedAt(3000) })
const api = session("api", { directory: "/work/api", project: "p_api", ...updatedAt(2000) })

describe("latest", () => {
  const fleet = fakeFleetLayer({ name: "api", directory: "/work/api" }, { name: "docs", directory: "/work/docs" })

  it.effect("means the session in a new worktree of the instance's project, and at no other instance", () =>
    Effect.gen(function* () {
      yield* showing(tree, docs, api)
      assert.strictEqual(yield* latestAt("api"), "ses_tree")
      assert.strictEqual(yield* latestAt("docs"), "ses_docs")
    }).pipe(Effect.provide(fleet)),
  )

  const other = session("other", { directory: "/elsewhere", project: "p_other", ...updatedAt(5000) })

  it.effect("means the first session of a project if that is in a worktree, at its instance alone", () =>
    Effect.gen(function* () {
      yield* knowing
      yield* showing(other, tree)
      assert.strictEqual(yield* latestAt("api"), "ses_tree")
      yield* showing(tree)
      assert.include((yield* Effect.flip(latestAt("docs"))).message, "latest")
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("is the last session that instances and lists show, also if it is the first of its project", () =>
    Effect.gen(function* () {
      yield* knowing
      yield* showing(tree, docs)
      const { view } = yield* call("refresh_instances", {})
      assert.deepStrictEqual(view.instances.map(({ last_session_title: title, name }) => [name, title]).toSorted(), [
        ["api", "Session tree"],
        ["docs", "Session docs"],
      ])
      for (const [instance, id] of [
        ["api", "ses_tree"],
        ["docs", "ses_docs"],
      ] as const) {
        const { view } = yield* call("list_sessions", { instance })
        assert.deepStrictEqual(
          view.sessions.map(({ session_id }) => session_id),
          [id],
        )
      }
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("does not mean a subagent's session in a worktree", () =>
    Effect.gen(function* () {
      yield* showing({ ...tree, parentID: ses("api") }, docs, api)
      assert.strictEqual(yield* latestAt("api"), "ses_api")
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("means none if all sessions are another instance's", () =>
    Effect.gen(function* () {
      yield* showing(tree, api)
      assert.include((yield* Effect.flip(latestAt("docs"))).message, "latest")
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("does not mean a session of an instance in a directory within", () =>
    Effect.gen(function* () {
      yield* showing(docs, session("root", { directory: "/work", ...updatedAt(1000) }))
      assert.strictEqual(yield* latestAt("api"), "ses_root")
      assert.strictEqual(yield* latestAt("docs"), "ses_docs")
    }).pipe(
      Effect.provide(fakeFleetLayer({ name: "api", directory: "/work" }, { name: "docs", directory: "/work/docs" })),
    ),
  )

  it.effect("means the newest session of the user on opencode 2", () =>
    Effect.gen(function* () {
      yield* showing(tree, docs, api)
      assert.strictEqual(yield* latestAt("docs"), "ses_tree")
    }).pipe(Effect.provide(fakeFleetLayer({ name: "api", api: 2 }, { name: "docs", api: 2 }))),
  )
})
