import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { deliveryText, openRequest, refusal, sendDecision, verdict } from "../../../src/opencode/requests/decision.ts"
import type { Decision, PermissionReply } from "../../../src/opencode/requests/PendingRequest.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { opencode, overFake, pass, target, whilePassing } from "../../support/overFake.ts"
import { assistant, done, here, msg, permission, question, ses, session } from "../../../src/testing/samples.ts"
import { main, withMain } from "../turns/sending.ts"

const allow = (reply: PermissionReply = { reply: "once" }): Decision => ({
  kind: "permission",
  request: permission("1"),
  reply,
})
const answer = (answers: ReadonlyArray<ReadonlyArray<string>> | undefined): Decision => ({
  kind: "question",
  request: question("1"),
  answers,
})

/** A permission and a question are open. */
const open = Effect.tap(withMain, (fake) =>
  Effect.sync(() => {
    fake.permissions = [permission("1")]
    fake.questions = [question("1")]
  }),
)

const settling = (decision: Decision, of = main) => Effect.flatMap(opencode, (api) => sendDecision(api, of, decision))

describe("sendDecision", () => {
  it.effect.each([
    [allow(), { id: permission("1").id, reply: "once" }],
    [allow({ reply: "reject", message: "no" }), { id: permission("1").id, reply: "reject", message: "no" }],
    [answer([["Red"]]), { id: question("1").id, answers: [["Red"]] }],
    [answer([[]]), { id: question("1").id, answers: [[]] }],
    [answer(undefined), { id: question("1").id, reply: "reject" }],
  ] as const)("carries %j", ([decision, reply]) =>
    Effect.gen(function* () {
      const fake = yield* open
      assert.strictEqual(yield* settling(decision), "delivered")
      assert.deepStrictEqual(fake.replies, [reply])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("names the directory of the session, because opencode keeps requests per directory", () =>
    Effect.gen(function* () {
      const fake = yield* open
      yield* settling(allow(), session("main", { directory: "/work/else where" }))
      assert.deepInclude(fake.requests.at(-1)?.query, { directory: "/work/else where" })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([allow(), answer([["Red"]]), answer(undefined)])("is too late if %j was settled before", (decision) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      assert.strictEqual(yield* settling(decision), "too late")
      assert.deepStrictEqual(fake.replies, [])
    }).pipe(Effect.provide(overFake)),
  )

  const route = `POST /permission/${permission("1").id}/reply`

  it.effect(
    "looks before it sends a decision again that may have arrived, and is unconfirmed if the request is gone",
    () =>
      Effect.gen(function* () {
        const fake = yield* open
        fake.fail(route, Fault.hangAfterwards, 1)
        assert.strictEqual(yield* whilePassing(15_000, settling(allow())), "unconfirmed")
        assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
        assert.strictEqual(fake.count(route), 1)
      }).pipe(Effect.provide(overFake)),
  )

  it.effect("sends it again if the request is still open", () =>
    Effect.gen(function* () {
      const fake = yield* open
      fake.fail(route, Fault.lost, 1)
      assert.strictEqual(yield* whilePassing(5000, settling(allow())), "delivered")
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
      assert.strictEqual(fake.count(route), 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is unconfirmed as well if a proxy's page came instead of the first answer", () =>
    Effect.gen(function* () {
      const fake = yield* open
      fake.fail(route, Fault.afterwards(Fault.proxyPage(502)), 1)
      assert.strictEqual(yield* whilePassing(5000, settling(allow())), "unconfirmed")
      assert.deepStrictEqual(fake.replies, [{ id: permission("1").id, reply: "once" }])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is too late if the request is missing at the second attempt and the first certainly did not arrive", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.fail(route, Fault.refused, 1)
      assert.strictEqual(yield* whilePassing(3000, settling(allow())), "too late")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("gives up on an instance that is away", () =>
    Effect.gen(function* () {
      const fake = yield* open
      fake.fail(route, Fault.refused)
      const fiber = yield* Effect.forkChild(Effect.flip(settling(allow())))
      yield* pass(25_000, 50)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "InstanceUnreachable")
      assert.isAbove(fake.count(route), 10)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each([
    ["OpencodeError", Fault.named(500, "Unexpected server error")],
    ["Unauthorized", Fault.unauthorized],
    ["UnexpectedResponse", Fault.webPage],
  ] as const)("does not retry after %s", ([tag, fault]) =>
    Effect.gen(function* () {
      const fake = yield* open
      fake.fail(route, fault)
      assert.strictEqual((yield* Effect.flip(settling(allow())))._tag, tag)
      assert.strictEqual(fake.count(route), 1)
    }).pipe(Effect.provide(overFake)),
  )
})

describe("verdict", () => {
  it.each([
    [allow(), "allowed once"],
    [allow({ reply: "always" }), "allowed always, in all sessions of this directory, until opencode exits"],
    [allow({ reply: "reject" }), "rejected"],
    [allow({ reply: "reject", message: "use npm" }), "rejected (use npm)"],
    [refusal({ kind: "permission", request: permission("1") }), "rejected"],
    [answer([["Red", "Blue"], [], ["x"]]), "answered Red, Blue / nothing / x"],
    [refusal({ kind: "question", request: question("1") }), "not answered, dismissed"],
  ] as const)("%j is '%s'", (decision, text) => assert.strictEqual(verdict(decision), text))
})

describe("deliveryText", () => {
  it("does not claim a decision whose confirmation was lost", () => {
    assert.strictEqual(deliveryText("delivered", allow()), "allowed once: permission for bash: rm -rf build")
    assert.match(
      deliveryText("unconfirmed", allow()),
      /^allowed once: .* \(probably: .*another client may have settled it first\)$/u,
    )
    assert.match(deliveryText("too late", allow()), /^too late/u)
  })

  it("is a sentence about a question", () => {
    const request = question("1")
    assert.strictEqual(deliveryText("delivered", answer([["Red"]])), "answered Red to the question: Which colour?")
    assert.strictEqual(
      deliveryText("delivered", refusal({ kind: "question", request })),
      "dismissed the question: Which colour?",
    )
  })
})

const find = (kind: "permission" | "question", id?: string) =>
  Effect.flatMap(opencode, (api) => openRequest(target, api, main, [kind], id))

describe("openRequest", () => {
  it.effect("finds the only one of its kind, whatever else is open", () =>
    Effect.gen(function* () {
      const fake = yield* open
      fake.permissions.push(permission("2", ses("second")))
      assert.strictEqual((yield* find("permission")).request.id, permission("1").id)
      assert.strictEqual((yield* find("question")).request.id, question("1").id)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("finds the request of a subagent's subagent", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      fake.sessions.push(session("grandchild", { parentID: ses("child") }))
      fake.permissions = [permission("3", ses("grandchild"))]
      assert.strictEqual((yield* find("permission")).request.id, permission("3").id)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("ignores what an aborted turn has left behind, because deciding it has no effect", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const ghost = { ...permission("0"), tool: { messageID: msg("old") } }
      const alive = { ...permission("1"), tool: { messageID: msg("new") } }
      fake.permissions = [ghost, alive]
      fake.store(here, { info: assistant(msg("old"), msg("u"), done()), parts: [] })
      fake.store(here, { info: assistant(msg("new"), msg("u")), parts: [] })
      assert.strictEqual((yield* find("permission")).request.id, alive.id)
      assert.strictEqual((yield* Effect.flip(find("permission", ghost.id)))._tag, "RequestNotOpen")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("names the candidates of its kind only", () =>
    Effect.gen(function* () {
      const fake = yield* open
      fake.permissions.push({ ...permission("2"), patterns: ["git push"] })
      const error = yield* Effect.flip(find("permission"))
      assert(error._tag === "AmbiguousRequest")
      assert.deepStrictEqual(error.candidates, [
        "per_1 (permission for bash: rm -rf build)",
        "per_2 (permission for bash: git push)",
      ])
    }).pipe(Effect.provide(overFake)),
  )
})
