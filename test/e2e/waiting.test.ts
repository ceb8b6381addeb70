/** A turn that waits for a person: no tool call hangs, and all tools show what it waits for. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { GetStatus } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { GetSession, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { FleetClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const cases = [
  {
    kind: "permission",
    message: "run: echo from-$((40 + 2))",
    outcome: "needs permission",
    about: "echo from-$((40 + 2))",
    decision: { reply: "once" },
    answer: "Done: from-42",
  },
  {
    kind: "question",
    message: "ask: Which colour? | Red | Blue",
    outcome: "needs answer",
    about: "Which colour?",
    decision: { answers: [["Blue"]] },
    answer: "Blue",
  },
] as const

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

layer(FleetClient.layer({ permission: "ask" }), { excludeTestServices: true })(
  "a turn that waits for a person",
  (it) => {
    it.effect.each(cases)("ends send_message and continues after the $kind", (each) =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const opencode = yield* RealOpencode
        const session_id = yield* newSession(`Waits for a ${each.kind}`)
        const turn = yield* client.call(SendMessage, { session_id, message: each.message })
        assert.strictEqual(turn.outcome, each.outcome)
        assert.include(turn.detail, each.about)
        assert.isNotEmpty(turn.next)

        const { active } = yield* client.call(GetStatus)
        const waiting = active.find(({ session_id: id }) => id === session_id)
        assert.strictEqual(waiting?.status, "waiting")
        assert.include(waiting?.waiting_for?.[0]?.about, each.about)
        const { sessions } = yield* client.call(ListSessions)
        assert.strictEqual(sessions.find(({ session_id: id }) => id === session_id)?.status, "waiting")

        const [id = ""] = yield* facts.pending(opencode, each.kind, session_id)
        yield* facts.reply(opencode, each.kind, id, each.decision)
        // The messages may have been read a moment before the status.
        yield* client
          .call(GetSession, { session_id })
          .pipe(
            eventually(
              ({ messages, session }) =>
                session.status === "idle" &&
                messages.at(-1)?.parts.some(({ text }) => text?.includes(each.answer)) === true,
            ),
          )
      }),
    )

    it.effect.each(cases)("shows its $kind in the list of instances until it is decided", (each) =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const opencode = yield* RealOpencode
        const session_id = yield* newSession(`Listed with a ${each.kind}`)
        yield* client.call(SendMessage, { session_id, message: each.message })
        const [id = ""] = yield* facts.pending(opencode, each.kind, session_id)

        yield* client.call(RefreshInstances)
        const { instances, waiting_instance_count: waiting } = yield* client.call(ListInstances)
        assert.strictEqual(waiting, 1)
        const request = instances[0]?.waiting_for?.[0]
        assert.deepInclude(request, { kind: each.kind, id, session_id, session_title: `Listed with a ${each.kind}` })
        assert.include(request?.about, each.about)
        const text = yield* client.text(ListInstances)
        for (const part of ["**1 waits for a person.**", each.about, id, session_id]) assert.include(text, part)

        yield* facts.reply(opencode, each.kind, id, each.decision)
        const after = yield* client.call(RefreshInstances)
        assert.deepInclude(after, { waiting_instance_count: 0, unchecked_instance_count: 0 })
        assert.deepInclude(after.instances[0], { waiting_for_count: 0 })
      }),
    )

    it.effect.each(cases)("makes the next send_message report that the session waits for a $kind", (each) =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const opencode = yield* RealOpencode
        const session_id = yield* newSession(`Blocked by a ${each.kind}`)
        yield* client.call(SendMessage, { session_id, message: each.message })
        for (const given of [{ if_busy: "fail" }, {}]) {
          const { text } = yield* Effect.flip(client.call(SendMessage, { session_id, message: "next", ...given }))
          for (const part of ["was not sent", "waiting for a person", each.about]) assert.include(text, part)
          assert.include(text, each.kind === "permission" ? "respond_permission" : "answer_question")
        }
        yield* facts.abort(opencode, session_id)
      }),
    )

    it.effect.each(cases)("leaves no $kind behind when abort_session stops it", (each) =>
      Effect.gen(function* () {
        const client = yield* FleetClient
        const opencode = yield* RealOpencode
        const session_id = yield* newSession(`Stopped at a ${each.kind}`)
        yield* client.call(SendMessage, { session_id, message: each.message })
        assert.deepInclude(yield* client.call(AbortSession, { session_id }), { was_running: true, dismissed_count: 1 })
        assert.deepStrictEqual(yield* facts.pending(opencode, each.kind, session_id), [])
        const turn = yield* client.call(SendMessage, { session_id, message: "say:usable again" })
        assert.deepInclude(turn, { outcome: "completed", text: "usable again" })
      }),
    )
  },
)
