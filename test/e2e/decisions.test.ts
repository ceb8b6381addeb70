/** A person decides: through a form at the MCP client, in both protocol eras, or through the tools that carry a decision. */
import { assert, describe, layer } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Ref } from "effect"
import { AnswerQuestion, RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import {
  connect,
  type Filled,
  FleetClient,
  type Form,
  kinds,
  type McpClient,
  type Person,
} from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/facts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const accept = (content: Extract<Filled, { action: "accept" }>["content"]) => ({ action: "accept" as const, content })

/** A client whose person fills in the forms. */
class PersonClient extends Context.Service<
  PersonClient,
  McpClient & {
    /** Replaces the person, to whom no form has been shown. */
    readonly seat: (person: Person) => Effect.Effect<void>
    /** The forms that were shown to this person. */
    readonly forms: Effect.Effect<ReadonlyArray<Form>>
  }
>()("opencode-fleet/test/PersonClient") {
  static readonly layer = (kind: (typeof kinds)[number]) =>
    Layer.effect(
      PersonClient,
      Effect.gen(function* () {
        const { relay } = yield* FleetClient
        const seated = yield* Ref.make<Person>(() => Effect.succeed({ action: "cancel" }))
        const forms = yield* Ref.make<ReadonlyArray<Form>>([])
        const client = yield* connect(relay, {
          kind,
          person: (form) =>
            Ref.update(forms, (all) => [...all, form]).pipe(
              Effect.andThen(Ref.get(seated)),
              Effect.flatMap((person) => person(form)),
            ),
        })
        const seat = (person: Person) => Effect.andThen(Ref.set(seated, person), Ref.set(forms, []))
        return { ...client, seat, forms: Ref.get(forms) }
      }),
    )
}

/** The client with a person who fills in forms in this way. */
const clientWith = (person: Person) => Effect.tap(PersonClient, ({ seat }) => seat(person))

const command = "echo from-$((40 + 2))"

onBothVersions((api) => {
  // With a name, it is built before the suites inside, which share it.
  layer(FleetClient.layer({ permission: "ask", api }), { excludeTestServices: true })("a person decides", (it) => {
    for (const kind of api === 1 ? kinds : kinds.slice(0, 1))
      it.layer(PersonClient.layer(kind))(`with ${kind}, a person at the client`, (it) => {
        it.effect("the person allows a permission in the form: the turn continues", () =>
          Effect.gen(function* () {
            const { directory } = yield* RealOpencode
            const client = yield* clientWith(() => Effect.succeed(accept({ decision: "once" })))
            const session_id = yield* newSession("Allow by form")
            const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
            assert.strictEqual(turn.outcome, "completed")
            assert.include(turn.text, "Done: from-42")
            assert.lengthOf(turn.decided ?? [], 1)
            assert.match(turn.decided?.[0] ?? "", /^allowed once: permission for (?:bash|shell)/u)
            const [form, ...others] = yield* client.forms
            assert.deepStrictEqual(others, [])
            for (const part of ["main", session_id, "Allow by form", directory, command]) {
              assert.include(form?.message, part)
            }
          }),
        )

        it.effect("the form names the directory in which a command would run", () =>
          Effect.gen(function* () {
            const client = yield* clientWith(() => Effect.succeed(accept({ decision: "once" })))
            const session_id = yield* newSession("Elsewhere")
            const turn = yield* client.call(SendMessage, { session_id, message: "in: /usr | ls -d lib" })
            assert.strictEqual(turn.outcome, "completed")
            const forms = yield* client.forms
            assert.isNotEmpty(forms)
            for (const { message } of forms) assert.match(message, /^\w+: in \/usr: ls -d lib\n/u)
            for (const decided of turn.decided ?? []) assert.include(decided, ": in /usr: ls -d lib")
          }),
        )

        it.effect("the person rejects a permission in the form: rejected", () =>
          Effect.gen(function* () {
            const client = yield* clientWith(() => Effect.succeed(accept({ decision: "reject" })))
            const session_id = yield* newSession("Reject by form")
            const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
            assert.strictEqual(turn.outcome, "rejected")
          }),
        )

        it.effect("the person accepts the form without a choice: needs permission, and the answer says so", () =>
          Effect.gen(function* () {
            const client = yield* clientWith(() => Effect.succeed(accept({})))
            const session_id = yield* newSession("Accept nothing")
            const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
            assert.strictEqual(turn.outcome, "needs permission")
            assert.match(turn.decided?.join() ?? "", /^not taken: nothing was chosen/u)
          }),
        )

        it.effect("the person or the client declines the form: needs permission, and the request stays open", () =>
          Effect.gen(function* () {
            const opencode = yield* RealOpencode
            const client = yield* clientWith(() => Effect.succeed({ action: "decline" }))
            const session_id = yield* newSession("Decline")
            const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
            assert.strictEqual(turn.outcome, "needs permission")
            assert.isUndefined(turn.decided)
            assert.lengthOf(yield* client.forms, 1)
            assert.lengthOf(yield* facts.pending(opencode, "permission", session_id), 1)
          }),
        )

        it.effect("the person closes the form: needs permission, and the request stays open", () =>
          Effect.gen(function* () {
            const opencode = yield* RealOpencode
            const client = yield* clientWith(() => Effect.succeed({ action: "cancel" }))
            const session_id = yield* newSession("Close the form")
            const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
            assert.strictEqual(turn.outcome, "needs permission")
            assert.lengthOf(yield* client.forms, 1)
            const [request] = turn.waiting_for ?? []
            assert.include(request?.text, command)
            assert.deepStrictEqual(yield* facts.pending(opencode, "permission", session_id), [request?.id])
            const after = yield* client.call(RespondPermission, {
              session_id,
              permission_id: request?.id ?? "",
              response: "once",
            })
            assert.strictEqual(after.outcome, "completed")
            assert.include(after.text, "Done: from-42")
          }),
        )

        it.effect("the person answers a question in the form: the turn continues", () =>
          Effect.gen(function* () {
            const client = yield* clientWith(() => Effect.succeed(accept({ answer_1: "Blue" })))
            const session_id = yield* newSession("Answer by form")
            const turn = yield* client.call(SendMessage, { session_id, message: "ask: Which colour? | Red | Blue" })
            assert.strictEqual(turn.outcome, "completed")
            assert.include(turn.text, "Blue")
            const [form] = yield* client.forms
            for (const part of ["Which colour?", "Red", "Blue"]) assert.include(form?.message, part)
          }),
        )

        it.effect("the person answers a question in their own words: a second form takes them", () =>
          Effect.gen(function* () {
            const answers = [accept({ answer_1: "another answer…" }), accept({ other_1: "Green, please" })]
            const client = yield* clientWith(() => Effect.sync(() => answers.shift() ?? { action: "cancel" }))
            const session_id = yield* newSession("Own answer by form")
            const turn = yield* client.call(SendMessage, { session_id, message: "ask: Which colour? | Red | Blue" })
            assert.strictEqual(turn.outcome, "completed")
            assert.include(turn.text, "Green, please")
            assert.lengthOf(yield* client.forms, 2)
          }),
        )

        it.effect("wait_for_session finds a turn with a pending request: the person is asked", () =>
          Effect.gen(function* () {
            const opencode = yield* RealOpencode
            const client = yield* clientWith(() => Effect.succeed(accept({ decision: "once" })))
            const session_id = yield* newSession("Begun elsewhere")
            yield* facts.prompt(opencode, session_id, `run: ${command}`)
            yield* facts.pending(opencode, "permission", session_id).pipe(eventually((ids) => ids.length === 1))
            const turn = yield* client.call(WaitForSession, { session_id })
            assert.strictEqual(turn.outcome, "completed")
            assert.include(turn.text, "Done: from-42")
          }),
        )

        it.effect(
          "the person answers the form after the request was decided in the terminal: the turn is followed to its end",
          () =>
            Effect.gen(function* () {
              const opencode = yield* RealOpencode
              const open = yield* Deferred.make<void>()
              const session_id = yield* newSession("Too late")
              const client = yield* clientWith(() =>
                Effect.gen(function* () {
                  yield* Deferred.succeed(open, undefined)
                  yield* facts.pending(opencode, "permission", session_id).pipe(eventually((ids) => ids.length === 0))
                  return accept({ decision: "reject" })
                }).pipe(Effect.orDie),
              )
              const call = yield* Effect.forkChild(client.call(SendMessage, { session_id, message: `run: ${command}` }))
              yield* Deferred.await(open)
              const [id = ""] = yield* facts.pending(opencode, "permission", session_id)
              yield* facts.allow(opencode, session_id, id)
              const turn = yield* Fiber.join(call)
              assert.strictEqual(turn.outcome, "completed")
              assert.include(turn.text, "Done: from-42")
            }),
        )
      })

    describe("a client that cannot ask", () => {
      it.effect("gets everything needed to decide, and delivers a custom answer", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const session_id = yield* newSession("Question by tool")
          const asked = yield* client.call(SendMessage, { session_id, message: "ask: Which colour? | Red | Blue" })
          assert.deepStrictEqual(asked.waiting_for?.[0]?.questions, [
            { question: "Which colour?", options: ["Red", "Blue"], multiple: false, custom: true },
          ])
          const turn = yield* client.call(AnswerQuestion, { session_id, answers: [["Green"]] })
          assert.strictEqual(turn.outcome, "completed")
          assert.include(turn.text, "Green")
        }),
      )

      it.effect("a decision comes too late: an error that says so, and nothing is sent", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const session_id = yield* newSession("Late tool")
          const nothing = yield* Effect.flip(client.call(RespondPermission, { session_id, response: "once" }))
          assert.include(nothing.text, "is not waiting for a permission")
          const asked = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
          const permission_id = asked.waiting_for?.[0]?.id ?? ""
          const decision = { session_id, permission_id, response: "always" }
          const turn = yield* client.call(RespondPermission, decision)
          assert.strictEqual(turn.outcome, "completed")
          assert.include(turn.decided?.[0], `in all sessions of this ${api === 1 ? "directory" : "project"}`)
          const late = yield* Effect.flip(client.call(RespondPermission, decision))
          assert.include(late.text, "already settled")
        }),
      )

      it.effect("cannot send a message to the agent with a permission that is allowed", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const opencode = yield* RealOpencode
          const session_id = yield* newSession("Message with once")
          yield* client.call(SendMessage, { session_id, message: "run: date" })
          const { text } = yield* Effect.flip(
            client.call(RespondPermission, { session_id, response: "once", message: "and hurry" }),
          )
          assert.include(text, "reject")
          assert.lengthOf(yield* facts.pending(opencode, "permission", session_id), 1)
        }),
      )
    })
  })
})
