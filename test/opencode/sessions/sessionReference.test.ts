import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { resolveSession } from "../../../src/opencode/sessions/sessionReference.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { opencode, overFake } from "../../support/overFake.ts"
import { here, ses, session, updatedAt } from "../../../src/testing/samples.ts"

const resolve = (reference: string) =>
  Effect.flatMap(opencode, (client) => resolveSession({ instance: "fake" }, client, reference))

const withSessions = Effect.tap(FakeOpencode, (fake) =>
  Effect.sync(() => {
    fake.sessions = [
      session("abcd1", { title: "Fix the parser", ...updatedAt(10) }),
      session("abcd2", { title: "Write the docs", ...updatedAt(30) }),
      session("vwxyz", { title: "Parser benchmarks", ...updatedAt(20) }),
    ]
  }),
)

const hostile = [
  "",
  "   ",
  ".",
  "..",
  "/",
  "../..",
  "x/../../instance/dispose",
  "ses_x/../../instance/dispose",
  "ses_x%2f..%2f..%2finstance%2fdispose",
  "ses_x?directory=/etc",
  "ses_x#",
  "ses_x\n",
  "ses_\u202Ex",
  "ses_",
]

/** The only routes that may be requested: one session with a valid id, and the list. */
const strayed = (fake: FakeState) =>
  fake.requests.filter(
    ({ route }) => !/^GET \/(?:path|experimental\/session|session\/ses_[A-Za-z0-9_]{1,120})$/u.test(route),
  )

describe("resolveSession", () => {
  it.effect.each<readonly [string, string, string]>([
    ["the full id", "ses_abcd1", "abcd1"],
    ["the full id with spaces around it", "  ses_abcd1\n", "abcd1"],
    ["a unique beginning of an id", "ses_vwxy", "vwxyz"],
    ["a unique part of a title in any case", "DOCS", "abcd2"],
    ["latest: the one updated last", "Latest", "abcd2"],
  ])("finds a session by %s", ([, reference, name]) =>
    Effect.gen(function* () {
      yield* withSessions
      assert.strictEqual((yield* resolve(reference)).id, ses(name))
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not count a subagent's session as the latest", () =>
    Effect.gen(function* () {
      const fake = yield* withSessions
      fake.sessions = [session("child", { parentID: ses("abcd1"), ...updatedAt(99) }), ...fake.sessions]
      assert.strictEqual((yield* resolve("latest")).id, ses("abcd2"))
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("does not match a beginning that all ids share, even if there is only one session", () =>
    Effect.gen(function* () {
      yield* withSessions
      for (const reference of ["ses_", "ses_vwx"]) {
        assert.strictEqual((yield* Effect.flip(resolve(reference)))._tag, "SessionNotFound", reference)
      }
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(["ses_abcd", "parser"])("names the candidates of %s, with their full ids", (reference) =>
    Effect.gen(function* () {
      yield* withSessions
      const error = yield* Effect.flip(resolve(reference))
      assert.strictEqual(error._tag, "AmbiguousSession")
      assert.include(error.message, "ses_abcd1 (Fix the parser)")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("counts the worktrees of the project, wherever they are", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [
        session("away1", { title: "Fix the login", directory: "/worktrees/login", project: "p1", ...updatedAt(20) }),
        session("other", { title: "Fix the login", directory: "/other", project: "p2", ...updatedAt(30) }),
        session("abcd1", { title: "Fix the login", project: "p1", ...updatedAt(10) }),
      ]
      const error = yield* Effect.flip(resolve("login"))
      assert.strictEqual(
        error.message,
        '"login" matches several sessions: ses_abcd1 (Fix the login, in /work/project); ses_away1 (Fix the login, in /worktrees/login).',
      )
      assert.strictEqual((yield* resolve("latest")).id, ses("away1"))
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("lists candidates on one line, whatever their titles contain", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const title = `twin\u001B[31m\n${"x".repeat(48)}\u{1F600}\u{1F600}`
      fake.sessions = [session("a", { title }), session("b", { title })]
      const { message } = yield* Effect.flip(resolve("twin"))
      assert.notInclude(message, "\u001B")
      assert.notInclude(message, "\n")
      assert.isTrue(message.isWellFormed())
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(["", "   ", "\n"])("takes the empty name %j for a mistake, and asks nothing", (reference) =>
    Effect.gen(function* () {
      const fake = yield* withSessions
      assert.strictEqual((yield* Effect.flip(resolve(reference)))._tag, "SessionNotFound")
      assert.deepStrictEqual(fake.requests, [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(hostile)("asks for sessions and the server's directory only: %j", (reference) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      yield* Effect.exit(resolve(reference))
      assert.deepStrictEqual(strayed(fake), [])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.prop(
    "asks for sessions and the server's directory only, whatever it is given",
    { one: Schema.String, two: Schema.String },
    ({ one, two }) =>
      Effect.gen(function* () {
        const fake = yield* FakeOpencode
        fake.sessions = [session("main")]
        for (const reference of [one, `ses_${one}`, `${here}/${one}`, `${one}/../${two}`]) {
          const exit = yield* Effect.exit(resolve(reference))
          // A failure is an answer, a defect is not.
          assert.isFalse(exit._tag === "Failure" && exit.cause.reasons.some(({ _tag }) => _tag === "Die"))
        }
        assert.deepStrictEqual(strayed(fake), [])
      }).pipe(Effect.provide(overFake)),
  )
})
