/** A subagent's pending request is shown and decided at its parent session. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { GetStatus } from "../../src/tools/sessions/SessionTools.ts"
import { RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import { connect, FleetClient, type Form, kinds } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/facts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

/** The model passes this to a subagent, whose shell command needs a permission. */
const message = "task: run: echo from-$((40 + 2))"

onBothVersions((api) => {
  layer(FleetClient.layer({ permission: "ask", api }), { excludeTestServices: true })(
    "a subagent that asks for a permission",
    (it) => {
      it.effect(
        "a subagent asks for a permission: the request is shown and decided at the parent session, and both continue",
        () =>
          Effect.gen(function* () {
            const client = yield* FleetClient
            const opencode = yield* RealOpencode
            const session_id = yield* newSession("Delegates")
            const asked = yield* client.call(SendMessage, { session_id, message })
            assert.strictEqual(asked.outcome, "needs permission")
            const [request, ...others] = asked.waiting_for ?? []
            assert.deepStrictEqual(others, [])
            const child = request?.session_id ?? ""
            assert.notStrictEqual(child, session_id)
            assert.include(request?.text, "echo from-$((40 + 2))")
            assert.deepStrictEqual(yield* facts.pending(opencode, "permission", child), [request?.id])

            const { active } = yield* client.call(GetStatus)
            const waiting = active.find(({ session_id: id }) => id === child)
            assert.deepInclude(waiting, { status: "waiting", parent_session_id: session_id })

            const turn = yield* client.call(RespondPermission, { session_id, response: "once" })
            assert.strictEqual(turn.outcome, "completed")
            assert.strictEqual(turn.session_id, session_id)
            assert.include(turn.text, "Done: from-42")
            const tool = api === 1 ? "bash" : "shell"
            assert.deepStrictEqual(turn.decided, [`allowed once: permission for ${tool}: echo from-$((40 + 2))`])
            assert.include((yield* facts.texts(opencode, child)).at(-1), "Done: from-42")
          }),
      )

      it.effect("is returned by wait_for_session for a turn that was started elsewhere", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const opencode = yield* RealOpencode
          const session_id = yield* newSession("Delegates elsewhere")
          yield* facts.prompt(opencode, session_id, message)
          const asked = yield* client.call(WaitForSession, { session_id })
          assert.strictEqual(asked.outcome, "needs permission")
          const child = asked.waiting_for?.[0]?.session_id ?? ""
          assert.notStrictEqual(child, session_id)
          const turn = yield* client.call(RespondPermission, { session_id: child, response: "once" })
          assert.strictEqual(turn.session_id, child)
          assert.include(turn.text, "Done: from-42")
          const whole = yield* client.call(WaitForSession, { session_id })
          assert.strictEqual(whole.outcome, "completed")
          assert.include(whole.text, "Done: from-42")
        }),
      )

      it.effect("is rejected, which ends only the subagent's turn: the parent continues", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const session_id = yield* newSession("Delegates in vain")
          yield* client.call(SendMessage, { session_id, message })
          const turn = yield* client.call(RespondPermission, { session_id, response: "reject" })
          assert.match(turn.decided?.[0] ?? "", /^rejected/u)
          assert.strictEqual(turn.outcome, "completed")
          assert.include(turn.text, api === 1 ? "rejected permission" : "Subagent cancelled")
          assert.strictEqual(turn.tools[0]?.state, "error")
        }),
      )

      it.effect("updates a session before anything waits, in old sessions, too: `Attention` relies on that", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const opencode = yield* RealOpencode
          const session_id = yield* newSession("Delegates and is forgotten")
          const asked = yield* client.call(SendMessage, { session_id, message })
          const child = asked.waiting_for?.[0]?.session_id ?? ""
          yield* client.call(RespondPermission, { session_id, response: "once" })
          for (const old of [session_id, child]) {
            const other = yield* newSession("Newer than the old one")
            yield* client.call(SendMessage, { session_id: other, message: "say:newer" })
            const before = yield* facts.newest(opencode)
            yield* facts.prompt(opencode, old, "run: echo again")
            const [request = ""] = yield* facts
              .pending(opencode, "permission", old)
              .pipe(eventually((requests) => requests.length === 1))
            const after = yield* facts.newest(opencode)
            assert.strictEqual(after[0]?.id, old)
            assert.notDeepEqual(after, before)
            yield* facts.allow(opencode, old, request)
            yield* facts.status(opencode, old).pipe(eventually((status) => status === "idle"))
          }
        }),
      )

      it.effect("leaves nothing behind when abort_session stops its parent", () =>
        Effect.gen(function* () {
          const client = yield* FleetClient
          const opencode = yield* RealOpencode
          const session_id = yield* newSession("Delegates and is stopped")
          const asked = yield* client.call(SendMessage, { session_id, message })
          const child = asked.waiting_for?.[0]?.session_id ?? ""
          const stopped = yield* client.call(AbortSession, { session_id })
          assert.deepInclude(stopped, { was_running: true, final: true, dismissed_count: api === 1 ? 1 : 0 })
          assert.deepStrictEqual(yield* facts.pending(opencode, "permission", child), [])
          yield* facts.status(opencode, child).pipe(eventually((status) => status === "idle"))
          const turn = yield* client.call(SendMessage, { session_id, message: "say:usable again" })
          assert.deepInclude(turn, { outcome: "completed", text: "usable again" })
        }),
      )

      it.effect.each(api === 1 ? kinds : [])("is decided in a form, in the call to its parent, with %s", (kind) =>
        Effect.gen(function* () {
          const { relay } = yield* FleetClient
          const forms: Array<Form> = []
          const client = yield* connect(relay, {
            kind,
            person: (form) =>
              Effect.sync(() => {
                forms.push(form)
                return { action: "accept", content: { decision: "once" } }
              }),
          })
          const session_id = yield* newSession("Delegates with a form")
          const turn = yield* client.call(SendMessage, { session_id, message })
          assert.strictEqual(turn.outcome, "completed")
          assert.include(turn.text, "Done: from-42")
          assert.lengthOf(forms, 1)
          const shown = forms[0]?.message ?? ""
          assert.include(shown, `session ${session_id} `)
          assert.match(shown, /^Asked by its subagent, session ses_\w+\.$/mu)
        }),
      )
    },
  )
})
