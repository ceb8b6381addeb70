/** Questions to the person, through real MCP clients. */
import { assert, layer } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Queue } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { connect, type Filled, type Form, type Kind, kinds, type Person } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { Ask, AskOrGoOn, GoOn } from "./askingToys.ts"
import { BundledToys } from "./bundledToys.ts"

const toys = Effect.fnUntraced(function* (kind: Kind, person?: Person) {
  const { file } = yield* BundledToys
  return yield* connect(yield* makeRelay(), { kind, file, ...(person === undefined ? {} : { person }) })
})

/** A person who gives these answers in order; `forms` records what was shown. */
const answering = (...answers: ReadonlyArray<Filled>) => {
  const forms: Array<Form> = []
  const person: Person = (form) =>
    Effect.suspend(() => {
      forms.push(form)
      return Effect.orDie(Effect.fromNullishOr(answers[forms.length - 1]))
    })
  return { forms, person }
}

/** A person who never answers. `withdrawn` ends when a form is withdrawn. */
const thinking = Effect.gen(function* () {
  const asked = yield* Queue.unbounded<Form>()
  const withdrawn = yield* Deferred.make<void>()
  const person: Person = (form) =>
    Queue.offer(asked, form).pipe(
      Effect.andThen(Effect.never),
      Effect.onInterrupt(() => Deferred.succeed(withdrawn, undefined)),
    )
  return { asked: Queue.take(asked), withdrawn: Deferred.await(withdrawn), person }
})

const olderKinds = ["SDK 2", "SDK 1"] as const
const newer = "SDK 2 of 2026-07-28"

const red: Filled = { action: "accept", content: { colour: "red", reason: "It is warm" } }
const neither: Filled = { action: "accept", content: { colour: "blue" } }

layer(BundledToys.layer, { excludeTestServices: true })("a question", (it) => {
  it.effect.each(kinds)(
    "shows the message and the form, returns each reply, and can be followed by another (%s)",
    (kind) =>
      Effect.gen(function* () {
        // The last one does not match the form.
        const expected = [red, { action: "decline" }, { action: "cancel" }, neither] satisfies ReadonlyArray<Filled>
        const { forms, person } = answering(...expected)
        const client = yield* toys(kind, person)
        const { canAsk, replies } = yield* client.call(Ask, { times: expected.length })
        assert.isTrue(canAsk)
        assert.deepStrictEqual(replies, expected)
        assert.deepStrictEqual(
          forms.map(({ message }) => message),
          ["Colour 1?", "Colour 2?", "Colour 3?", "Colour 4?"],
        )
        assert.deepInclude(forms[0], {
          requestedSchema: {
            type: "object",
            properties: {
              colour: { type: "string", enum: ["red", "green"], title: "Colour" },
              reason: { type: "string", description: "Why" },
              also: { type: "array", items: { type: "string", enum: ["blue", "gold"] }, title: "Also" },
            },
            required: ["colour"],
          },
        })
      }),
  )

  it.effect.each(kinds)("is not sent to a client without forms (%s)", (kind) =>
    Effect.gen(function* () {
      const client = yield* toys(kind)
      assert.deepStrictEqual(yield* client.call(Ask, { times: 1 }), {
        canAsk: false,
        replies: [{ action: "unavailable" }],
      })
    }),
  )

  it.effect.each(olderKinds)("is unavailable if the client fails (%s)", (kind) =>
    Effect.gen(function* () {
      const client = yield* toys(kind, () => Effect.die(new Error("out of paper")))
      const { replies } = yield* client.call(Ask, { times: 1 })
      assert.lengthOf(replies, 1)
      assert.deepInclude(replies[0], { action: "unavailable" })
      assert.include(JSON.stringify(replies), "out of paper")
      yield* client.stderr.pipe(eventually((text) => text.includes("out of paper")))
    }),
  )

  it.effect(`leaves no state behind if the client fails (${newer})`, () =>
    Effect.gen(function* () {
      let broken = true
      const client = yield* toys(newer, () => (broken ? Effect.die(new Error("out of paper")) : Effect.succeed(red)))
      const exit = yield* Effect.exit(client.call(Ask, { times: 1 }))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("out of paper"))
      broken = false
      assert.deepStrictEqual((yield* client.call(Ask, { times: 1 })).replies, [red])
    }),
  )

  it.effect.each(olderKinds)("is withdrawn when the handler no longer needs it (%s)", (kind) =>
    Effect.gen(function* () {
      const { asked, person, withdrawn } = yield* thinking
      const client = yield* toys(kind, person)
      const call = yield* Effect.forkChild(client.call(AskOrGoOn))
      yield* asked
      yield* client.call(GoOn)
      assert.deepStrictEqual(yield* Fiber.join(call), { by: "go_on" })
      yield* withdrawn
    }),
  )

  it.effect.each(olderKinds)("is withdrawn when the call is cancelled, and the handler is interrupted (%s)", (kind) =>
    Effect.gen(function* () {
      const { asked, person, withdrawn } = yield* thinking
      const client = yield* toys(kind, person)
      const call = yield* Effect.forkChild(client.call(Ask, { times: 1 }))
      yield* asked
      yield* Fiber.interrupt(call)
      yield* withdrawn
      yield* client.stderr.pipe(eventually((text) => text.includes("stopped asking")))
      yield* client.call(GoOn)
    }),
  )

  it.effect(`holds no resources while the person decides (${newer})`, () =>
    Effect.gen(function* () {
      const { asked, person, withdrawn } = yield* thinking
      const client = yield* toys(newer, person)
      const calls = yield* Effect.forEach([1, 2], () =>
        Effect.andThen(Effect.forkChild(client.call(Ask, { times: 1 })), (call) => Effect.as(asked, call)),
      )
      yield* client.stderr.pipe(eventually((text) => text.match(/stopped asking/gu)?.length === 2))
      yield* Fiber.interruptAll(calls)
      yield* withdrawn
    }),
  )
})
