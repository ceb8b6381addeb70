/** A task of a server that has ended, as the next one continues it: from what the task's id says. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { MessageId } from "../../../src/opencode/Identifiers.ts"
import { here } from "../../../src/testing/samples.ts"
import { messageDigest, readCheckpoint, shortName, writeCheckpoint } from "../../../src/tools/tasks/checkpoint.ts"
import { tasks } from "../../../src/tools/tasks/tasks.ts"
import { toolsOverFake } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer } from "../../support/play.ts"
import { calling, withMain } from "../requests/askingClient.ts"

const instance = "fake"

/** The call that the adapter makes to continue the task. */
const continuing = (state: string) =>
  calling(
    "wait_for_session",
    { session_id: here },
    {
      task: { checkpoint: () => Effect.void },
      resumed: Option.some({ state, reply: { action: "cancel" } }),
    },
  )

const sent = Effect.gen(function* () {
  const fake = yield* withMain
  yield* Fiber.interrupt(yield* calling("send_message", { session_id: here, message: "Do it" }))
  const [prompt = assert.fail()] = fake.prompts
  return { fake, prompt: MessageId.make(prompt.messageID ?? "") }
})

describe("a task of an earlier server", () => {
  it.effect("follows the turn that its id names", () =>
    Effect.gen(function* () {
      const { fake, prompt } = yield* sent
      const fiber = yield* continuing(writeCheckpoint({ _tag: "Turn", instance, session: here, prompt }))
      finishAnswer(fake, "Done.")
      yield* pass(1000)
      const { view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { outcome: "completed", text: "Done.", message_id: prompt })
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("finds a message that was waiting for its turn, if it was sent before the server ended", () =>
    Effect.gen(function* () {
      const { fake, prompt } = yield* sent
      const digest = messageDigest("Do it")
      const fiber = yield* continuing(writeCheckpoint({ _tag: "Message", instance, session: here, digest, since: 0 }))
      finishAnswer(fake, "Done.")
      yield* pass(1000)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", message_id: prompt })
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect.each([
    { _tag: "Message", instance, session: here, digest: messageDigest("Do something else"), since: 0 },
    { _tag: "Turn", instance, session: here, prompt: MessageId.make("msg_other") },
  ] as const)("says that it is unknown whether a message was sent that opencode does not have (%o)", (checkpoint) =>
    Effect.gen(function* () {
      const { fake } = yield* sent
      const fiber = yield* continuing(writeCheckpoint(checkpoint))
      yield* pass(10_000)
      const error = String(yield* Effect.flip(Fiber.join(fiber)))
      assert.include(error, "opencode-fleet was restarted")
      assert.include(error, "Before you send it again, check with get_session whether it arrived.")
      assert.lengthOf(fake.prompts, 1)
    }).pipe(Effect.provide(toolsOverFake)),
  )

  it.effect("follows the session's last turn if it waited for that", () =>
    Effect.gen(function* () {
      const { fake } = yield* sent
      finishAnswer(fake, "Done.")
      const fiber = yield* continuing(writeCheckpoint({ _tag: "Last", instance, session: here }))
      yield* pass(1000)
      assert.deepInclude((yield* Fiber.join(fiber)).view, { outcome: "completed", text: "Done." })
    }).pipe(Effect.provide(toolsOverFake)),
  )
})

describe("the state in the id of a task", () => {
  const prompt = MessageId.make(`msg_${"0".repeat(26)}`)
  const session = here

  it.each(["main", "main@4096", "a:b c", "~tilde", "日本語", "x".repeat(300)])(
    "is short and printable, and names the instance %s",
    (instance) => {
      const state = writeCheckpoint({ _tag: "Turn", instance, session, prompt })
      assert.match(state, /^[\x21-\x7e]{1,100}$/u)
      assert.deepEqual(readCheckpoint(state), { _tag: "Turn", instance: shortName(instance), session, prompt })
      assert.deepEqual(tasks.resume(state), { name: "wait_for_session", args: { session_id: session } })
    },
  )

  it.each([
    "",
    "!6f1",
    "t",
    "t:ses_1",
    "t:ses_1:msg_1",
    "t:ses_1:nothing:main",
    "m:ses_1:0:short:main",
    "x:ses_1:main",
  ])("is none: %s", (state) => {
    assert.isUndefined(tasks.resume(state))
  })
})
