/** Messages that are slash commands, on both versions of opencode. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import { type SendOptions, Turns } from "../../../src/opencode/turns/Turns.ts"
import type { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { here, msg, session } from "../../../src/testing/samples.ts"
import { overFake, pass, target, whilePassing } from "../../support/overFake.ts"
import { overFake2, target2 } from "../../support/overFake2.ts"
import { main, withMain } from "./sending.ts"

const greet = { name: "greet", template: "Hello $ARGUMENTS" }

const versions = [
  { name: "opencode 1", services: overFake, at: Effect.succeed(target), route: `POST /session/${here}/command` },
  { name: "opencode 2", services: overFake2, at: target2, route: `POST /api/session/${here}/command` },
]

const withCommands = Effect.tap(withMain, (fake) =>
  Effect.sync(() => {
    fake.commands.push(greet, { name: "check", template: "Check all" })
    fake.answerWith(({ text }) => `Echo: ${text}`)
  }),
)

for (const { at, name, route, services } of versions) {
  const run = (text: string, options: Partial<SendOptions> = {}) =>
    Effect.gen(function* () {
      const turns = yield* Turns
      const send = turns.send(yield* at, main, { text, ifBusy: "wait", timeout: "5 minutes", ...options })
      return yield* whilePassing(20_000, send)
    })
  const failing = (text: string, options: Partial<SendOptions> = {}) =>
    Effect.gen(function* () {
      const turns = yield* Turns
      const send = turns.send(yield* at, main, { text, ifBusy: "wait", timeout: "5 minutes", ...options })
      return yield* whilePassing(60_000, Effect.flip(send))
    })

  describe(`A message to ${name} that begins with a slash`, () => {
    it.effect("runs the command, with its arguments as they are", () =>
      Effect.gen(function* () {
        const fake = yield* withCommands
        const { outcome, turn } = yield* run('/greet  "two  words"\nand a line ')
        assert.deepStrictEqual(fake.ran, [{ name: "greet", arguments: ' "two  words"\nand a line ' }])
        assert.deepStrictEqual(
          [outcome, Turn.text(turn)],
          [{ _tag: "completed" }, 'Echo: Hello "two  words"\nand a line'],
        )
        assert.strictEqual(turn.prompt, fake.prompts[0]?.messageID)
      }).pipe(Effect.provide(services)),
    )

    it.effect("runs the command without arguments", () =>
      Effect.gen(function* () {
        const fake = yield* withCommands
        const { turn } = yield* run("/check")
        assert.deepStrictEqual(fake.ran, [{ name: "check", arguments: "" }])
        assert.strictEqual(Turn.text(turn), "Echo: Check all")
      }).pipe(Effect.provide(services)),
    )

    it.effect.each(["/etc/hosts is broken", "/ greet", "/greets", " /greet", "/"])(
      "is a prompt if there is no such command: %j",
      (text) =>
        Effect.gen(function* () {
          const fake = yield* withCommands
          yield* run(text)
          assert.deepStrictEqual([fake.ran, fake.prompts.map((prompt) => prompt.text)], [[], [text]])
        }).pipe(Effect.provide(services)),
    )

    it.effect("is not sent if opencode does not say whether there is such a command", () =>
      Effect.gen(function* () {
        const fake = yield* withCommands
        fake.fail(name === "opencode 1" ? "GET /command" : "GET /api/command", Fault.refused)
        const error = yield* failing("/greet")
        assert.deepStrictEqual([error._tag, fake.ran, fake.prompts], ["InstanceUnreachable", [], []])
      }).pipe(Effect.provide(services)),
    )

    it.effect("runs the command once if its answer is lost", () =>
      Effect.gen(function* () {
        const fake = yield* withCommands
        fake.fail(route, Fault.reset)
        const { outcome, turn } = yield* run("/greet you")
        assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "Echo: Hello you"])
        assert.strictEqual(fake.ran.length, 1)
      }).pipe(Effect.provide(services)),
    )

    it.effect("is not sent again if the connection breaks and there is no message", () =>
      Effect.gen(function* () {
        const fake = yield* withCommands
        fake.fail(route, Fault.lost)
        const error = yield* failing("/greet you")
        assert.strictEqual(error._tag, "EffectUncertain")
        assert.strictEqual(fake.count(route), 1)
      }).pipe(Effect.provide(services)),
    )

    it.effect("waits for the end of the running turn", () =>
      Effect.gen(function* () {
        const fake = yield* withCommands
        const turns = yield* Turns
        fake.onPrompt = (prompt) => fake.take(prompt)
        const options = { ifBusy: "wait", timeout: "5 minutes" } as const
        const server = yield* at
        const first = yield* Effect.forkChild(turns.send(server, main, { ...options, text: "Do it" }))
        yield* pass(1000)
        const second = yield* Effect.forkChild(turns.send(server, main, { ...options, text: "/greet you" }))
        yield* pass(1000)
        assert.strictEqual(fake.messages.get(main.id)?.length, 1)
        const [prompt] = fake.prompts
        if (prompt !== undefined) fake.complete(prompt, "Done")
        yield* pass(10_000)
        const command = fake.prompts.find(({ text }) => text === "Hello you")
        if (command !== undefined) fake.complete(command, "Hi")
        yield* pass(10_000)
        const reports = [yield* Fiber.join(first), yield* Fiber.join(second)]
        assert.deepStrictEqual(
          reports.map(({ turn }) => Turn.text(turn)),
          ["Done", "Hi"],
        )
      }).pipe(Effect.provide(services)),
    )
  })
}

const sendTo2 = (text: string, options: Partial<SendOptions> = {}) =>
  Effect.gen(function* () {
    const turns = yield* Turns
    return yield* turns.send(yield* target2, main, { text, ifBusy: "wait", timeout: "5 minutes", ...options })
  })

describe("A slash command of opencode 1", () => {
  it.effect("keeps the message id, and a repeated call follows its turn", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      const turns = yield* Turns
      const options = { text: "/greet you", ifBusy: "wait", timeout: "5 minutes", messageID: msg("own") } as const
      const once = yield* whilePassing(20_000, turns.send(target, main, options))
      const again = yield* whilePassing(20_000, turns.send(target, main, options))
      assert.deepStrictEqual([once.turn.prompt, once.repeated, again.repeated], [msg("own"), false, true])
      assert.strictEqual(fake.ran.length, 1)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("runs in the session's own agent and model", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      fake.sessions = [session("main", { agent: "plan", model: "scripted/small" })]
      const turns = yield* Turns
      yield* whilePassing(20_000, turns.send(target, main, { text: "/check", ifBusy: "wait", timeout: "5 minutes" }))
      const [{ agent, model } = {}] = fake.prompts
      assert.deepStrictEqual([agent, model], ["plan", { providerID: "scripted", modelID: "small" }])
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("fails with opencode's error if it is not stored", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      fake.fail(`POST /session/${here}/command`, Fault.named(500, "Unexpected server error"))
      const turns = yield* Turns
      const send = turns.send(target, main, { text: "/check", ifBusy: "wait", timeout: "5 minutes" })
      const error = yield* whilePassing(20_000, Effect.flip(send))
      assert.deepStrictEqual([error._tag, fake.ran], ["OpencodeError", []])
    }).pipe(Effect.provide(overFake)),
  )
})

/** Another client sends this message while the command is posted. */
const meanwhile = (fake: FakeOpencode["Service"], text: string) =>
  fake.fail(`POST /api/session/${here}/command`, (answer) =>
    Effect.tap(answer, () => Effect.sync(() => fake.take({ session: main.id, messageID: msg("other"), text }))),
  )

describe("A slash command of opencode 2", () => {
  it.effect("is refused with a message id of the caller's, and nothing is sent", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      const error = yield* whilePassing(20_000, Effect.flip(sendTo2("/greet you", { messageID: msg("own") })))
      assert.strictEqual(error._tag, "MessageIdUnusable")
      assert.include(error.message, "/greet")
      assert.deepStrictEqual([fake.ran, fake.prompts], [[], []])
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("is told from another client's message by its arguments", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      meanwhile(fake, "Something else")
      const { turn } = yield* whilePassing(20_000, sendTo2("/greet you"))
      assert.strictEqual(turn.prompt, fake.prompts[0]?.messageID)
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("is not followed if another client's message may be its own", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      meanwhile(fake, "Hello you")
      const error = yield* whilePassing(20_000, Effect.flip(sendTo2("/greet you")))
      assert.strictEqual(error._tag, "EffectUncertain")
      assert.include(error.message, "opencode has run it, but the session has several new messages")
    }).pipe(Effect.provide(overFake2)),
  )

  it.effect("that works in a subagent is followed in the subagent's session", () =>
    Effect.gen(function* () {
      const fake = yield* withCommands
      fake.commands.push({ name: "review", template: "Review $ARGUMENTS", subtask: true })
      const { commandOf, outcome, turn } = yield* whilePassing(20_000, sendTo2("/review main"))
      assert.strictEqual(commandOf, main.id)
      assert.deepStrictEqual([outcome._tag, Turn.text(turn)], ["completed", "Echo: Review main"])
      assert.strictEqual(turn.session, fake.sessions.at(-1)?.id)
    }).pipe(Effect.provide(overFake2)),
  )
})
