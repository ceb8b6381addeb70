/** Every outcome of a turn of the real opencode. The test names are lines of docs/what-happens-when.md. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { AnswerQuestion, RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { GetSession } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect, FleetClient, type Progress } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/facts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const send = Effect.fnUntraced(function* (
  session_id: string,
  message: string,
  parameters: Readonly<Record<string, unknown>> = {},
  onProgress?: (progress: Progress) => void,
) {
  return yield* (yield* FleetClient).call(SendMessage, { session_id, message, ...parameters }, onProgress)
})

const isBusy = (session: string) =>
  Effect.flatMap(RealOpencode, (opencode) =>
    facts.status(opencode, session).pipe(eventually((status) => status !== "idle")),
  )

const commands = {
  greet: "---\ndescription: Greets\n---\nsay:Hello $ARGUMENTS",
  delegate: "---\ndescription: Delegates\nsubtask: true\nagent: general\n---\nrun: echo $ARGUMENTS",
}

onBothVersions((api) => {
  layer(FleetClient.layer({ permission: "ask", api, commands }), {
    excludeTestServices: true,
    concurrent: true,
  })("what happens when", (it) => {
    it.effect("the agent finishes its work: completed, with everything the agent wrote", () =>
      Effect.gen(function* () {
        const turn = yield* send(yield* newSession("Finishes"), "say:All done.")
        assert.deepInclude(turn, { outcome: "completed", text: "All done." })
        assert.isUndefined(turn.detail)
      }),
    )

    it.effect("the message is a slash command of the instance: the command runs, and its turn is followed", () =>
      Effect.gen(function* () {
        const session = yield* newSession("Slash")
        const turn = yield* send(session, '/greet  "two  words"')
        assert.deepInclude(turn, { outcome: "completed", text: 'Hello  "two  words"' })
        const path = yield* send(session, "/etc/hosts is broken")
        assert.deepInclude(path, { outcome: "completed", text: "Echo: /etc/hosts is broken" })
        const all = yield* facts.texts(yield* RealOpencode, session)
        assert.strictEqual(all.length, 4)
      }),
    )

    it.effect(
      "a slash command works in a subagent: its requests are shown and decided, and the agent tells the result",
      () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const session = yield* newSession("Delegates")
          const waiting = yield* send(session, "/delegate from-$((40 + 2))")
          assert.strictEqual(waiting.outcome, "needs permission")
          yield* client.call(RespondPermission, { session_id: waiting.session_id, response: "once" })
          const { outcome } = yield* client.call(WaitForSession, { session_id: waiting.session_id })
          assert.strictEqual(outcome, "completed")
          const told = client.text(GetSession, { session_id: session })
          yield* told.pipe(eventually((text) => text.includes("from-42")))
        }),
    )

    it.effect("the provider refuses the request: failed, with the provider's own message", () =>
      Effect.gen(function* () {
        const turn = yield* send(yield* newSession("Refused"), "fail:401")
        assert.strictEqual(turn.outcome, "failed")
        assert.include(turn.detail, "scripted failure 401")
      }),
    )

    it.effect("the provider fails repeatedly: each retry is reported with its reason and time, then failed", () =>
      Effect.gen(function* () {
        const notifications: Array<string> = []
        const session = yield* newSession("Retries")
        const turn = yield* send(session, "fail:503 300", {}, ({ message = "" }) => notifications.push(message))
        assert.strictEqual(turn.outcome, "failed")
        assert.include(turn.detail, "scripted failure 503")
        const retries = notifications.filter((message) => message.includes("scripted failure 503"))
        assert.isAtLeast(retries.length, 2)
        for (const retry of retries) assert.match(retry, /attempt \d.* Retrying in \d+ s, at 20\d\d-/u)
      }),
    )

    it.effect("the turn is stopped: aborted, with what was written so far", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Stopped")
        const notifications: Array<string> = []
        const turn = yield* Effect.forkChild(
          send(session_id, "slow: 600", {}, ({ message = "" }) => notifications.push(message)),
        )
        yield* Effect.sync(() => notifications.join("")).pipe(eventually((text) => text.includes("tick 1")))
        const stopped = yield* (yield* FleetClient).call(AbortSession, { session_id })
        assert.deepInclude(stopped, { was_running: true, final: true })
        const { outcome, text } = yield* Fiber.join(turn)
        assert.strictEqual(outcome, "aborted")
        assert.include(text, "tick 1")
      }),
    )

    it.effect("the session is deleted during the turn: interrupted, with that reason and what was written so far", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Deleted")
        const notifications: Array<string> = []
        const turn = yield* Effect.forkChild(
          send(session_id, "slow: 600", {}, ({ message = "" }) => notifications.push(message)),
        )
        yield* Effect.sync(() => notifications.join("")).pipe(eventually((text) => text.includes("tick 1")))
        yield* facts.deleteSession(yield* RealOpencode, session_id)
        const { detail = "", outcome, text } = yield* Fiber.join(turn)
        // opencode 2 stops the turn of a session before it deletes it.
        const expected =
          api === 1 ? { detail: "the session was deleted", outcome: "interrupted" } : { detail: "", outcome: "aborted" }
        assert.deepStrictEqual({ detail, outcome }, expected)
        assert.include(text, "tick 1")
      }),
    )

    it.effect(
      "the agent asks for a permission and the client cannot show a form: needs permission, with everything needed to decide",
      () =>
        Effect.gen(function* () {
          const turn = yield* send(yield* newSession("Permission"), "run: ls -la && pwd")
          assert.strictEqual(turn.outcome, "needs permission")
          assert.include(turn.waiting_for?.[0]?.text, "ls -la && pwd")
          assert.include(turn.next, "respond_permission")
        }),
    )

    it.effect("a permission is rejected: rejected", () =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const session_id = yield* newSession("Refuse")
        yield* send(session_id, "run: date")
        const turn = yield* client.call(RespondPermission, { session_id, response: "reject" })
        assert.strictEqual(turn.outcome, "rejected")
      }),
    )

    it.effect("a permission is rejected with a reason: the agent continues with that reason", () =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const session_id = yield* newSession("Refuse with a reason")
        yield* send(session_id, "run: date")
        const turn = yield* client.call(RespondPermission, { session_id, response: "reject", message: "no clock here" })
        assert.strictEqual(turn.outcome, "completed")
        assert.include(turn.text, "no clock here")
      }),
    )

    it.effect(
      "the agent asks a question and the client cannot show a form: needs answer, with the question's options",
      () =>
        Effect.gen(function* () {
          const turn = yield* send(yield* newSession("Question"), "ask: Which colour? | Red | Blue")
          assert.strictEqual(turn.outcome, "needs answer")
          assert.deepStrictEqual(turn.waiting_for?.[0]?.questions?.[0]?.options, ["Red", "Blue"])
          assert.include(turn.next, "answer_question")
        }),
    )

    it.effect("a question is dismissed: rejected", () =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const session_id = yield* newSession("Dismiss")
        yield* send(session_id, "ask: Which colour? | Red | Blue")
        const turn = yield* client.call(AnswerQuestion, { session_id, reject: true })
        assert.strictEqual(turn.outcome, "rejected")
      }),
    )

    it.effect("a pending request is decided in the terminal: wait_for_session follows the turn to its end", () =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const opencode = yield* RealOpencode
        const session_id = yield* newSession("Terminal")
        const asked = yield* send(session_id, "run: echo $((40 + 2))")
        yield* facts.allow(opencode, session_id, asked.waiting_for?.[0]?.id ?? "")
        const turn = yield* client.call(WaitForSession, { session_id })
        assert.strictEqual(turn.outcome, "completed")
        assert.include(turn.text, "Done: 42")
      }),
    )

    it.effect("the turn takes longer than the call may wait: still running, and wait_for_session keeps waiting", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("main", yield* RealOpencode)
        const hasty = yield* connect(relay, { variables: { SEND_TIMEOUT_MS: "10000" } })
        const session_id = yield* newSession("Long work")
        const turn = yield* hasty.call(SendMessage, { session_id, message: "slow: 30 500" })
        assert.strictEqual(turn.outcome, "still running")
        // On a busy machine, the answer may not have begun.
        assert.match(turn.text, /^(?:tick 1\b|$)/u)
        assert.include(turn.next, "wait_for_session")
        const after = yield* (yield* FleetClient).call(WaitForSession, { session_id })
        assert.strictEqual(after.outcome, "completed")
        assert.match(after.text, /^tick 1 .*tick 30 $/u)
        assert.strictEqual(after.message_id, turn.message_id)
      }),
    )

    it.effect("the message is sent with async: accepted, and wait_for_session returns the outcome", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Async")
        const turn = yield* send(session_id, "say:Later.", { async: true })
        assert.strictEqual(turn.outcome, "accepted")
        const after = yield* (yield* FleetClient).call(WaitForSession, { session_id })
        assert.deepInclude(after, { outcome: "completed", text: "Later.", message_id: turn.message_id })
      }),
    )

    it.effect("wait_for_session is called for an idle session: the outcome of its last turn, immediately", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Idle")
        yield* send(session_id, "say:First.")
        yield* send(session_id, "fail:401")
        const turn = yield* (yield* FleetClient).call(WaitForSession, { session_id })
        assert.strictEqual(turn.outcome, "failed")
        assert.include(turn.detail, "scripted failure 401")
      }),
    )

    it.effect("wait_for_session is called for a session without messages: an error that says so", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Empty")
        const { text } = yield* Effect.flip((yield* FleetClient).call(WaitForSession, { session_id }))
        assert.include(text, "no messages yet")
      }),
    )

    it.effect("a turn was started in the terminal: wait_for_session follows it", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("By hand")
        yield* facts.prompt(yield* RealOpencode, session_id, "slow: 10 500")
        yield* isBusy(session_id)
        const notifications: Array<string> = []
        const client = yield* FleetClient
        const turn = yield* client.call(WaitForSession, { session_id }, ({ message = "" }) =>
          notifications.push(message),
        )
        assert.strictEqual(turn.outcome, "completed")
        assert.match(turn.text, /^tick 1 .*tick 10 $/u)
        assert.isNotEmpty(notifications)
      }),
    )

    it.effect("opencode compacts the conversation during the turn: completed, as one turn", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Compaction")
        const turn = yield* send(session_id, "big:195000 say:Before.")
        assert.strictEqual(turn.outcome, "completed")
        assert.include(turn.text, "Before.")
        assert.notInclude(turn.text, "Scripted summary")
        assert.isUndefined(turn.answered_message_id)
        const again = yield* (yield* FleetClient).call(WaitForSession, { session_id })
        assert.deepInclude(again, { outcome: "completed", message_id: turn.message_id, text: turn.text })
      }),
    )

    it.effect("two callers send to one session at the same time: each gets the answer to its own message", () =>
      Effect.gen(function* () {
        const session_id = yield* newSession("Same instant")
        const turns = yield* Effect.all([send(session_id, "say:one"), send(session_id, "say:two")], { concurrency: 2 })
        assert.deepStrictEqual(
          turns.map(({ text }) => text),
          ["one", "two"],
        )
      }),
    )

    it.effect(
      "several messages steer a running turn: opencode answers the newest, and each result names that message",
      () =>
        Effect.gen(function* () {
          const session_id = yield* newSession("Steer")
          const first = yield* Effect.forkChild(send(session_id, "slow: 12 500"))
          yield* isBusy(session_id)
          const second = yield* Effect.forkChild(send(session_id, "say:left", { if_busy: "steer" }))
          yield* facts.hasReceived(yield* RealOpencode, session_id, "say:left").pipe(eventually((received) => received))
          const third = yield* send(session_id, "say:right", { if_busy: "steer" })
          assert.deepInclude(third, { outcome: "completed", text: "right" })
          assert.isUndefined(third.answered_message_id)
          const merged = yield* Fiber.join(second)
          assert.deepInclude(merged, { outcome: "completed", text: "right", answered_message_id: third.message_id })
          assert.match((yield* Fiber.join(first)).text, /^tick 1 .*tick 12 $/u)
        }),
    )
  })
})
