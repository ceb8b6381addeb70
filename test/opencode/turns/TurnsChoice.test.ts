/** Agent and model of a prompt: what the caller leaves out comes from the session, not from opencode's defaults. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Session } from "../../../src/opencode/sessions/Session.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { here, msg, session, user } from "../../../src/testing/samples.ts"
import { overFake, pass } from "../../support/overFake.ts"
import { promptRoute, sending, starting } from "./sending.ts"

const own = { agent: "plan", model: "scripted/large", variant: "high" }

/** The agent, model and variant of the one prompt that reached opencode. */
const sent = Effect.map(FakeOpencode, ({ prompts }) => {
  assert.lengthOf(prompts, 1)
  const [prompt] = prompts
  return { agent: prompt?.agent, model: prompt?.model?.modelID, variant: prompt?.variant }
})

const withSession = (stored: Partial<Session>) =>
  Effect.tap(FakeOpencode, (fake) =>
    Effect.sync(() => {
      fake.sessions = [session("main", stored)]
      fake.answerWith(() => "Done")
    }),
  )

describe("a prompt", () => {
  it.effect.each([
    ["nothing is named: all of the session's", {}, { agent: "plan", model: "large", variant: "high" }],
    ["another agent: the session's model", { agent: "build" }, { agent: "build", model: "large", variant: "high" }],
    ["an agent with a model of its own: that", { agent: "fast" }, { agent: "fast", model: "small" }],
    ["another model: the session's agent, no variant", { model: "scripted/small" }, { agent: "plan", model: "small" }],
  ] as const)("%s", ([, named, expected]) =>
    Effect.gen(function* () {
      const fake = yield* withSession(own)
      fake.agents = [
        { name: "build", mode: "primary" },
        { name: "plan", mode: "primary" },
        { name: "fast", mode: "primary", model: { providerID: "scripted", modelID: "small" } },
      ]
      yield* Fiber.join(yield* sending(named))
      assert.deepStrictEqual(yield* sent, { variant: undefined, ...expected })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect.each(["steer", "fail", "wait"] as const)("stays with the session's agent with ifBusy %s", (ifBusy) =>
    Effect.gen(function* () {
      yield* withSession(own)
      yield* Fiber.join(yield* starting({ ifBusy }))
      assert.strictEqual((yield* sent).agent, "plan")
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("takes the agent of the last message from an opencode that stores none in the session", () =>
    Effect.gen(function* () {
      const fake = yield* withSession({})
      fake.store(here, { ...user(msg("1")), info: { ...user(msg("1")).info, agent: "plan" } })
      yield* Fiber.join(yield* sending())
      assert.deepStrictEqual(yield* sent, { agent: "plan", model: undefined, variant: undefined })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("leaves all of it to opencode in a session without a turn", () =>
    Effect.gen(function* () {
      yield* withSession({})
      yield* Fiber.join(yield* sending())
      assert.deepStrictEqual(yield* sent, { agent: undefined, model: undefined, variant: undefined })
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("waits for one round of requests: the status, the session and its newest messages are read together", () =>
    Effect.gen(function* () {
      const fake = yield* withSession(own)
      fake.fail("GET /session/status", Fault.hang)
      const fiber = yield* sending()
      assert.strictEqual(fake.count(`GET /session/${here}`), 1)
      assert.strictEqual(fake.count(`GET /session/${here}/message`), 1)
      assert.deepStrictEqual(fake.prompts, [])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("is not sent if the session's agent cannot be read", () =>
    Effect.gen(function* () {
      const fake = yield* withSession(own)
      fake.fail(`GET /session/${here}`, Fault.refused)
      const fiber = yield* sending()
      yield* pass(2000)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "InstanceUnreachable")
      assert.deepStrictEqual(fake.prompts, [])
      assert.notInclude(
        fake.requests.map(({ route }) => route),
        promptRoute,
      )
    }).pipe(Effect.provide(overFake)),
  )
})
