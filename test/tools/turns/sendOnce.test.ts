/** A call whose caller went away, and the same call again. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { CacheFiles, type CacheFilesValues } from "../../../src/machine/CacheFiles.ts"
import type { CallValues } from "../../../src/mcp/Call.ts"
import { MessageId } from "../../../src/opencode/Identifiers.ts"
import { here, permission } from "../../../src/testing/samples.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import * as Unanswered from "../../../src/tools/turns/UnansweredMessages.ts"
import { toolsOverFake } from "../../support/fleetOver.ts"
import { makeMemoryFiles } from "../../support/memoryFiles.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer, makeBusy, makeIdle } from "../../support/play.ts"
import { accept, calling, wants, withMain } from "../requests/askingClient.ts"

const remembering = (files: CacheFilesValues) => Unanswered.layer.pipe(Layer.provide(Layer.succeed(CacheFiles, files)))

const tools = () => Layer.provide(toolsOverFake, remembering(makeMemoryFiles()))

const message = { session_id: here, message: "Continue" }

const sending = (
  parameters: Partial<Parameters<typeof calling<"send_message">>[1]> = {},
  values?: Partial<CallValues>,
) => calling("send_message", { ...message, ...parameters }, values)

/** Sends the message, and goes away as soon as opencode has it. */
const lost = Effect.gen(function* () {
  yield* Fiber.interrupt(yield* sending())
})

describe("the same call after its caller went away", () => {
  it.effect("follows the turn and says so; called once more, it sends the message again", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* lost
      const again = yield* sending()
      assert.lengthOf(fake.prompts, 1)
      finishAnswer(fake, "All done.")
      yield* pass(1000)
      const { text, view } = yield* Fiber.join(again)
      assert.deepInclude(view, { outcome: "completed", text: "All done." })
      assert.include(text, "nothing was sent")
      assert.include(view.next, "To send it once more, call again")
      const onPurpose = yield* sending()
      assert.lengthOf(fake.prompts, 2)
      finishAnswer(fake, "Again.")
      yield* pass(1000)
      assert.deepInclude((yield* Fiber.join(onPurpose)).view, { outcome: "completed", text: "Again." })
    }).pipe(Effect.provide(tools())),
  )

  it.effect("follows the turn if its answer went to a client that had left", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const unheard = yield* Latch.make()
      const first = yield* sending({}, { unheard: unheard.await })
      yield* unheard.open
      finishAnswer(fake, "All done.")
      yield* pass(6000)
      yield* Fiber.join(first)
      const again = yield* sending()
      yield* pass(6000)
      assert.include((yield* Fiber.join(again)).text, "nothing was sent")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(tools())),
  )

  it.effect("with async, it returns the turn that is running", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* lost
      const again = yield* sending({ async: true })
      yield* pass(6000)
      assert.strictEqual((yield* Fiber.join(again)).view.outcome, "accepted")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(tools())),
  )

  it.effect.each([
    ["another text", { message: "Continue, please" }],
    ["another agent", { agent: "build" }],
    ["another session", { session_id: "ses_other" }],
    ["an id of its own", { message_id: "msg_own" }],
  ] as const)("%s is another message", ([, parameters]) =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* lost
      finishAnswer(fake, "Done.")
      yield* pass(500)
      yield* sending(parameters)
      assert.lengthOf(fake.prompts, 2)
    }).pipe(Effect.provide(tools())),
  )

  it.effect("is sent if the earlier call was still waiting for its turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      makeBusy(fake)
      yield* lost
      makeIdle(fake)
      yield* pass(2000)
      assert.lengthOf(fake.prompts, 0)
      yield* sending()
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(tools())),
  )

  it.effect("sends nothing while it cannot be read whether opencode has the message", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* lost
      fake.fail(`GET /session/${here}/message*`, Fault.hang, 1)
      const again = yield* sending()
      yield* pass(10_000)
      assert.lengthOf(fake.prompts, 1)
      assert.include(String(yield* Effect.flip(Fiber.join(again))), "the session could not be read")
      const later = yield* sending()
      yield* pass(1000)
      finishAnswer(fake, "All done.")
      yield* pass(1000)
      assert.deepInclude((yield* Fiber.join(later)).view, { outcome: "completed", text: "All done." })
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(tools())),
  )

  it.effect("says that the message may have arrived while the instance cannot be reached", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* lost
      fake.fail("*", Fault.refused)
      const again = yield* sending()
      yield* pass(60_000)
      assert.include(String(yield* Effect.flip(Fiber.join(again))), "It is unknown whether")
      fake.fail("*", Fault.refused)
      const spaced = yield* sending({ session_id: ` ${here} ` })
      yield* pass(60_000)
      assert.include(String(yield* Effect.flip(Fiber.join(spaced))), "It is unknown whether")
      const own = yield* sending({ message_id: "msg_own" })
      yield* pass(60_000)
      assert.notInclude(String(yield* Effect.flip(Fiber.join(own))), "unknown whether")
      const other = yield* sending({ message: "Another" })
      yield* pass(60_000)
      assert.notInclude(String(yield* Effect.flip(Fiber.join(other))), "unknown whether")
    }).pipe(Effect.provide(tools())),
  )

  it.effect("is sent after ten minutes", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      yield* lost
      finishAnswer(fake, "Done.")
      yield* TestClock.adjust("10 minutes")
      yield* sending()
      assert.lengthOf(fake.prompts, 2)
    }).pipe(Effect.provide(tools())),
  )

  it.effect("a form that ends the call is no lost call, once its reply has come", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      // Since 2026-07-28 the form interrupts the handler, and the reply arrives in a call of its own.
      let state = ""
      const asked = yield* sending(
        {},
        {
          canAsk: true,
          ask: (form) =>
            Effect.andThen(
              Effect.sync(() => (state = form.state)),
              Effect.never,
            ),
        },
      )
      yield* wants(permission("per_1"))
      yield* Fiber.interrupt(asked)
      const reply = accept({ decision: "once" })
      const replied = yield* sending({}, { canAsk: true, resumed: Option.some({ state, reply }) })
      finishAnswer(fake, "Allowed.")
      yield* pass(1000)
      assert.strictEqual((yield* Fiber.join(replied)).view.outcome, "completed")
      yield* sending()
      assert.lengthOf(fake.prompts, 2)
    }).pipe(Effect.provide(tools())),
  )
})

const call = { session: here, text: "a secret plan" }
const unanswered = { prompt: MessageId.make("msg_1"), accepted: true }

/** The service of a process of its own over these files. */
const inProcess = <A, E>(
  files: CacheFilesValues,
  use: (service: Unanswered.UnansweredMessagesValues) => Effect.Effect<A, E>,
) => Effect.flatMap(Unanswered.UnansweredMessages, use).pipe(Effect.provide(remembering(files)))

describe("unanswered messages", () => {
  it.effect("are found by the next process, which forgets them for all; the text is not stored", () =>
    Effect.gen(function* () {
      const files = makeMemoryFiles()
      yield* inProcess(files, ({ remember }) => remember(call, unanswered))
      assert.notInclude([...files.contents.values()].join(), "secret")
      yield* inProcess(files, ({ find, forget }) =>
        Effect.gen(function* () {
          assert.deepInclude(yield* find(call), unanswered)
          assert.isUndefined(yield* find({ ...call, model: "scripted/small" }))
          yield* forget(unanswered.prompt)
        }),
      )
      yield* inProcess(files, ({ find }) => Effect.map(find(call), assert.isUndefined))
    }),
  )

  it.effect("are remembered by the process if nothing can be stored, and a broken file is none", () =>
    Effect.gen(function* () {
      const files = { read: () => Effect.succeed("{nonsense"), write: () => Effect.void }
      yield* inProcess(files, ({ find, forget, remember }) =>
        Effect.gen(function* () {
          assert.isUndefined(yield* find(call))
          yield* remember(call, unanswered)
          assert.deepInclude(yield* find(call), unanswered)
          yield* forget(unanswered.prompt)
          assert.isUndefined(yield* find(call))
        }),
      )
    }),
  )
})
