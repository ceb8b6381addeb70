/** Who may see the page, and who may decide. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { permission } from "../../../src/testing/samples.ts"
import { Logins } from "../../../src/web/page/Logins.ts"
import { pass } from "../../support/overFake.ts"
import { type Answer, fieldsOf, makeAsk, makeBrowser, overTheFake, tokenGate, waiting } from "./scene.ts"

const submitted = { decision: "once" }

type Browse = Effect.Success<typeof makeBrowser>

const logIn = (browse: Browse, token: string, headers = {}) =>
  browse("/login", { form: { token, next: "/sessions?instance=fake&id=ses_main" }, headers })

const lastCookie = (answer: Answer) => answer.headers.getSetCookie().join()

describe("the login", () => {
  it.effect("asks for a token, and leads to the page that was asked for", () =>
    Effect.gen(function* () {
      yield* waiting(["1"])
      const browse = yield* makeBrowser
      const first = yield* browse("/sessions?instance=fake&id=ses_main")
      assert.deepStrictEqual(
        [first.status, first.location],
        [303, "/login?next=%2Fsessions%3Finstance%3Dfake%26id%3Dses_main"],
      )
      assert.include(
        (yield* browse(first.location)).text,
        'name="next" value="/sessions?instance=fake&amp;id=ses_main"',
      )
      const done = yield* logIn(browse, "full")
      assert.deepStrictEqual([done.status, done.location], [303, "/sessions?instance=fake&id=ses_main"])
      assert.match(lastCookie(done), /^opencode-fleet=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/u)
      assert.notInclude(lastCookie(done), "full")
      assert.strictEqual((yield* browse("/", { cookie: done.cookie })).status, 200)
      const secure = lastCookie(yield* logIn(browse, "full", { origin: "https://fleet.example" }))
      assert.match(secure, /^__Host-opencode-fleet=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/u)
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("refuses a wrong token, one that may not read, and a way to another server", () =>
    Effect.gen(function* () {
      yield* waiting([])
      const browse = yield* makeBrowser
      const wrong = yield* logIn(browse, "wrong")
      assert.strictEqual(wrong.status, 401)
      assert.include(wrong.text, "This token is not valid")
      assert.notInclude(wrong.text, 'value="wrong"')
      assert.strictEqual(wrong.cookie, "")
      assert.strictEqual((yield* logIn(browse, "sender")).status, 403)
      for (const next of ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb: c"]) {
        assert.strictEqual((yield* browse("/login", { form: { token: "full", next } })).location, "/")
      }
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("a wrong token takes a second, 20 at once from one address, which delays nobody else", () =>
    Effect.gen(function* () {
      yield* waiting([])
      const ask = yield* makeAsk
      let refused = 0
      const logIn = (token: string, address: string) =>
        ask("/login", { form: { token }, headers: { "x-forwarded-for": address }, address: "127.0.0.1" })
      const guess = (index: number) =>
        Effect.tap(logIn(`guess ${index}`, "192.0.2.1"), () => Effect.sync(() => refused++))
      const guesses = yield* Effect.forEach([...Array(20).keys()], (index) => Effect.forkChild(guess(index)))
      yield* pass(900, 9)
      assert.strictEqual(refused, 0)
      assert.strictEqual((yield* logIn("full", "192.0.2.1")).status, 429)
      assert.strictEqual((yield* logIn("full", "192.0.2.2")).status, 303)
      yield* pass(200)
      for (const each of guesses) assert.strictEqual((yield* Fiber.join(each)).status, 401)
      assert.strictEqual((yield* logIn("full", "192.0.2.1")).status, 303)
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect(
    "at most 200 wrong tokens are checked at once, of all addresses; also behind a proxy that is seen as IPv6",
    () =>
      Effect.gen(function* () {
        yield* waiting([])
        const ask = yield* makeAsk
        const logIn = (token: string, forwarded: string) =>
          ask("/login", { form: { token }, headers: { "x-forwarded-for": forwarded }, address: "::ffff:127.0.0.1" })
        const guess = (index: number) => Effect.forkChild(logIn("guess", `192.0.2.${index % 10}`))
        const guesses = yield* Effect.forEach([...Array(200).keys()], guess)
        yield* pass(900, 9)
        const full = yield* logIn("full", "198.51.100.1")
        assert.strictEqual(full.status, 429)
        assert.include(full.text, "Try again in a few seconds")
        yield* pass(200)
        for (const each of guesses) assert.strictEqual((yield* Fiber.join(each)).status, 401)
        assert.strictEqual((yield* logIn("full", "198.51.100.1")).status, 303)
      }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("keeps at most 64 characters of an address that a proxy passes on", () =>
    Effect.gen(function* () {
      yield* waiting([])
      const ask = yield* makeAsk
      const logIn = (token: string, last: string) =>
        ask("/login", {
          form: { token },
          headers: { "x-forwarded-for": `${"x".repeat(64)}${last}` },
          address: "127.0.0.1",
        })
      const guesses = yield* Effect.forEach([...Array(20).keys()], (index) =>
        Effect.forkChild(logIn("guess", `${index}`)),
      )
      yield* pass(500, 5)
      assert.strictEqual((yield* logIn("full", "another")).status, 429)
      yield* pass(600)
      for (const each of guesses) assert.strictEqual((yield* Fiber.join(each)).status, 401)
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("ends with a logout: pages lead to the login, and so do their updates", () =>
    Effect.gen(function* () {
      yield* waiting([])
      const browse = yield* makeBrowser
      const { cookie } = yield* logIn(browse, "full")
      assert.strictEqual((yield* browse("/logout", { cookie, form: {} })).status, 303)
      assert.strictEqual((yield* browse("/", { cookie })).location, "/login")
      const update = yield* browse("/live", { cookie, headers: { "hx-request": "true" } })
      assert.deepStrictEqual([update.status, update.headers.get("hx-redirect")], [401, "/login"])
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("ends when it was not used for 12 hours", () =>
    Effect.gen(function* () {
      const logins = new Logins()
      const key = yield* logins.add(Redacted.make("full"))
      yield* TestClock.adjust("11 hours")
      assert.isDefined(yield* logins.token(key))
      yield* TestClock.adjust("11 hours")
      assert.isDefined(yield* logins.token(key))
      yield* TestClock.adjust("13 hours")
      assert.isUndefined(yield* logins.token(key))
    }),
  )

  it.effect("of more than 100 logins, the one that was not used for the longest time ends", () =>
    Effect.gen(function* () {
      const logins = new Logins()
      const keys = yield* Effect.replicateEffect(logins.add(Redacted.make("full")), 100)
      const [first = "", second = ""] = keys
      yield* logins.token(first)
      yield* logins.add(Redacted.make("full"))
      assert.isDefined(yield* logins.token(first))
      assert.isUndefined(yield* logins.token(second))
    }),
  )

  it.effect("accepts the token that a proxy passes on", () =>
    Effect.gen(function* () {
      yield* waiting(["1"])
      const browse = yield* makeBrowser
      const headers = { authorization: "Bearer full" }
      const page = yield* browse("/", { headers })
      assert.include(page.text, "Approve once")
      assert.notInclude(page.text, "Log out")
      const form = { ...fieldsOf(page.text, permission("1").id), ...submitted }
      assert.strictEqual((yield* browse("/requests", { form, headers })).status, 303)
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("a token without fleet:decide reads without buttons, and decides nothing", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"], ["1"])
      const browse = yield* makeBrowser
      const full = { cookie: (yield* logIn(browse, "full")).cookie }
      const fields = fieldsOf((yield* browse("/", full)).text, permission("1").id)
      const reader = { cookie: (yield* logIn(browse, "reader")).cookie }
      const page = yield* browse("/", reader)
      assert.include(page.text, "rm -rf build")
      assert.include(page.text, "Which colour?")
      assert.notInclude(page.text, 'name="decision"')
      const posted = yield* browse("/requests", { ...reader, form: { ...fields, ...submitted } })
      assert.strictEqual(posted.status, 403)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )

  it.effect("a form without the value of this login is refused", () =>
    Effect.gen(function* () {
      const fake = yield* waiting(["1"])
      const browse = yield* makeBrowser
      const mine = { cookie: (yield* logIn(browse, "full")).cookie }
      const other = { cookie: (yield* logIn(browse, "full")).cookie }
      const fields = fieldsOf((yield* browse("/", other)).text, permission("1").id)
      for (const form of [
        { ...fields, ...submitted },
        { ...fields, ...submitted, form: "" },
      ]) {
        assert.strictEqual((yield* browse("/requests", { ...mine, form })).status, 403)
      }
      assert.strictEqual((yield* browse("/requests", { form: { ...fields, ...submitted } })).status, 401)
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(overTheFake(tokenGate))),
  )
})
