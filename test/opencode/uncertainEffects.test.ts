/** Requests whose effect may have happened although their answer was lost: looked up where opencode shows it, never repeated. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import * as HttpTransport from "../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../src/opencode/Opencode.ts"
import { settle } from "../../src/opencode/requests/decision.ts"
import { abortTurn } from "../../src/opencode/turns/abortTurn.ts"
import * as OpencodeV2 from "../../src/opencode/v2/OpencodeV2.ts"
import * as Fault from "../../src/testing/Fault.ts"
import { assistant, done, here, msg, permission, session, user } from "../../src/testing/samples.ts"
import { opencode, overFake, pass, target, whilePassing } from "../support/overFake.ts"
import { beginAnswer, finishAnswer, makeBusy } from "../support/play.ts"
import { answeringJson, cutting, rawHttp } from "../support/rawHttp.ts"
import { main, promptRoute, sending, withMain } from "./turns/sending.ts"

/** The request takes effect, and its answer is lost. */
const lostAnswers: ReadonlyArray<readonly [string, Fault.Fault]> = [
  ["is cut off", Fault.reset],
  ["never arrives", Fault.hangAfterwards],
  ["is a proxy's 502", Fault.afterwards(Fault.proxyPage(502))],
  ["is a proxy's 503", Fault.afterwards(Fault.proxyPage(503))],
  ["is a proxy's 504", Fault.afterwards(Fault.proxyPage(504))],
  ["is a proxy's 504 in JSON", Fault.afterwards(Fault.json({ message: "upstream timeout" }, 504))],
  ["is JSON that breaks off", Fault.afterwards(Fault.garbage)],
  ["has the status 202", Fault.afterwards(Fault.json({ accepted: true }, 202))],
]

describe("A session whose creation was not answered", () => {
  const create = Effect.flatMap(opencode, ({ createSession }) => createSession({ title: "Nightly" }))

  it.effect.each(lostAnswers)("is found if the answer %s, and not created twice", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessions.push(session("old", { title: "Nightly" }))
      fake.fail("POST /session", fault, 1)
      const made = yield* whilePassing(30_000, create)
      assert.strictEqual(made.title, "Nightly")
      assert.strictEqual(fake.count("POST /session"), 1)
      assert.lengthOf(
        fake.sessions.filter(({ id }) => id === made.id),
        1,
      )
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is an error that says so if there is no new session", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessions.push(session("old", { title: "Nightly" }))
      fake.fail("POST /session", Fault.lost)
      const error = yield* Effect.flip(whilePassing(30_000, create))
      assert.isTrue(error._tag === "EffectUncertain" && error.effect === "creation", error.message)
      assert.strictEqual(fake.count("POST /session"), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.live.each([
    ["is found on opencode 2 by its id, and not created twice", true],
    ["is created again on opencode 2 with the same id if it is not there", false],
  ] as const)("%s", ([, stored]) =>
    Effect.gen(function* () {
      let created = ""
      const { requests, url } = yield* rawHttp(({ before, body }) => {
        if (body === "" && !stored)
          return answeringJson({ _tag: "SessionNotFoundError", message: "none" }, { status: 404 })
        if (body !== "") created = (JSON.parse(body) as { readonly id: string }).id
        const data = { id: created, time: { created: 1, updated: 1 }, location: { directory: "/work" } }
        return before === 0 ? cutting(JSON.stringify({ data }), "half of a body in chunks") : answeringJson({ data })
      })
      const { createSession } = (yield* OpencodeClient).at({ ...target, url })
      const { id } = yield* createSession({})
      assert.deepStrictEqual(
        requests.flatMap(({ body }) => (body === "" ? [] : [JSON.parse(body) as unknown])),
        stored ? [{ id }] : [{ id }, { id }],
      )
    }).pipe(Effect.provide(OpencodeV2.layer.pipe(Layer.provide(HttpTransport.layer)))),
  )
})

describe("A stop that was not answered", () => {
  const route = `POST /session/${here}/abort`
  const abort = Effect.flatMap(opencode, (api) => abortTurn(api, main))

  const running = Effect.tap(withMain, (fake) =>
    Effect.sync(() => {
      fake.store(here, user(msg("u")))
      fake.store(here, { info: assistant(msg("v"), msg("u"), done()), parts: [] })
      makeBusy(fake)
    }),
  )

  it.effect.each(lostAnswers)("is reported by what opencode shows if the answer %s", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* running
      fake.fail(route, fault)
      const { final, wasRunning } = yield* whilePassing(30_000, abort)
      assert.isTrue(wasRunning && final)
      assert.strictEqual(fake.count(route), 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is an error that says so if the turn goes on", () =>
    Effect.gen(function* () {
      const fake = yield* running
      fake.fail(route, Fault.lost)
      const error = yield* Effect.flip(whilePassing(30_000, abort))
      assert.isTrue(error._tag === "EffectUncertain" && error.effect === "abort", error.message)
      assert.strictEqual(fake.count(route), 1)
    }).pipe(Effect.provide(overFake)),
  )
})

describe("A prompt that was not answered", () => {
  it.effect.each(lostAnswers)("is followed by its id if the answer %s", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(promptRoute, fault)
      const fiber = yield* sending()
      beginAnswer(fake, "Half")
      finishAnswer(fake, "Half and whole")
      yield* pass(40_000)
      assert.strictEqual((yield* Fiber.join(fiber)).outcome._tag, "completed")
      assert.strictEqual(fake.count(promptRoute), 1)
    }).pipe(Effect.provide(overFake)),
  )
})

describe("A decision that was not answered", () => {
  const route = `POST /permission/${permission("1").id}/reply`
  const allow = { kind: "permission", request: permission("1"), reply: { reply: "once" } } as const
  const settling = Effect.flatMap(opencode, (api) => settle(api, main, allow))

  it.effect.each(lostAnswers)("counts as made if the answer %s and the request is settled", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.permissions = [permission("1")]
      fake.fail(route, fault, 1)
      assert.isTrue(yield* whilePassing(30_000, settling))
      assert.lengthOf(fake.replies, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is an error that says so if the instance does not come back", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.permissions = [permission("1")]
      fake.fail(route, Fault.hang)
      const error = yield* Effect.flip(whilePassing(60_000, settling))
      assert.isTrue(error._tag === "EffectUncertain" && error.effect === "decision", error.message)
    }).pipe(Effect.provide(overFake)),
  )
})
