/** Several agents of both versions at once, by an MCP client: the calls of docs/orchestrate-agents.md. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { GetDiff } from "../../src/tools/changes/ChangeTools.ts"
import { ListInstances } from "../../src/tools/instances/InstanceTools.ts"
import { WaitForSessions } from "../../src/tools/many/ManyTools.ts"
import type { ManySessionView } from "../../src/tools/many/manySchemas.ts"
import { AnswerQuestion, RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { CreateSession, GetSession } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect, type McpClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { password, RealOpencode2 } from "../support/RealOpencode2.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { makeShell } from "../support/Shell.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"

/** `shop` is an opencode 2 whose agent asks before it runs a command, `api` an opencode 1. */
const opencodes = Layer.mergeAll(
  RealOpencode.layerNoDeps({ project: "api", password, snapshots: true }),
  RealOpencode2.layerNoDeps({ project: "shop", permission: "ask", snapshots: true }),
).pipe(Layer.provideMerge([ScriptedModel.layer, NodeServices.layer]))

const tasks = [
  { instance: "api", title: "Summarize the open issues", message: "say:There are none." },
  { instance: "api", title: "Add a changelog", message: "run: echo begun > CHANGELOG.md" },
  { instance: "api", title: "Write an introduction", message: "ask: Which tone? | Formal | Friendly" },
  { instance: "shop", title: "Fix the failing test", message: "run: echo fixed > login.txt" },
  { instance: "shop", title: "Update the dependencies", message: "hang:" },
]

/** Creates a session for the task and sends its message, without waiting for the turn. */
const begin = Effect.fnUntraced(function* (client: McpClient, { instance, message, title }: (typeof tasks)[number]) {
  const { session } = yield* client.call(CreateSession, { instance, title })
  const place = { instance, session_id: session.session_id }
  const { outcome } = yield* client.call(SendMessage, { ...place, message, async: true })
  assert.strictEqual(outcome, "accepted")
  return { ...place, title }
})

/** Passes on what the person decides, and returns the outcome of the turn. */
const decide = Effect.fnUntraced(function* (client: McpClient, { instance, outcome, session_id }: ManySessionView) {
  const place = { instance, session_id }
  return outcome === "needs permission"
    ? yield* client.call(RespondPermission, { ...place, response: "once" })
    : yield* client.call(AnswerQuestion, { ...place, answers: [["Friendly"]] })
})

withOpencode2("five agents", () => {
  layer(opencodes, { excludeTestServices: true })((it) => {
    it.effect("are given work, waited for with one call, decided for, stopped, and read", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("api", yield* RealOpencode)
        yield* relay.register("shop", yield* RealOpencode2)
        const client = yield* connect(relay, { variables: { OPENCODE_SERVER_PASSWORD: password } })
        yield* client.call(ListInstances).pipe(eventually(({ health_counts: counts }) => counts["online"] === 2))
        const sessions = yield* Effect.forEach(tasks, (task) => begin(client, task))
        const place = (title: string) => {
          const session = sessions.find((one) => one.title === title)
          assert(session !== undefined)
          return { instance: session.instance, session_id: session.session_id }
        }
        const stopped = place("Update the dependencies")

        const outcomes: Record<string, string> = {}
        let running = sessions.map(({ instance, session_id }) => ({ instance, session_id }))
        while (running.length > 1) {
          const { sessions: now } = yield* client.call(WaitForSessions, { sessions: running, until: "any" })
          const news = now.filter(({ outcome }) => outcome !== "still running")
          assert.isNotEmpty(news)
          for (const one of news) {
            const waits = one.outcome === "needs permission" || one.outcome === "needs answer"
            outcomes[one.title ?? ""] = waits ? `${one.outcome}, ${(yield* decide(client, one)).outcome}` : one.outcome
          }
          running = running.filter(({ session_id: id }) => !news.some(({ session_id }) => session_id === id))
        }
        assert.deepStrictEqual(running, [stopped])
        assert.deepStrictEqual(outcomes, {
          "Summarize the open issues": "completed",
          "Add a changelog": "completed",
          "Write an introduction": "needs answer, completed",
          "Fix the failing test": "needs permission, completed",
        })

        yield* client.call(AbortSession, stopped)
        const all = yield* client.call(WaitForSessions, { sessions: sessions.map(({ title }) => place(title)) })
        assert.strictEqual(all.ended_count, 5)
        assert.strictEqual(all.sessions.find(({ session_id: id }) => id === stopped.session_id)?.outcome, "aborted")

        assert.include(yield* client.text(GetSession, place("Write an introduction")), "Friendly")
        assert.include(yield* client.text(GetDiff, place("Fix the failing test")), "+fixed")
        assert.include(yield* client.text(GetDiff, place("Add a changelog")), "+begun")
      }),
    )

    it.effect("are set up with the commands of the page", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("api", yield* RealOpencode)
        const { type } = yield* makeShell({
          env: { ...relay.environment({ OPENCODE_SERVER_PASSWORD: password }), HOME: relay.home },
        })
        assert.match((yield* type("opencode-fleet config claude-code")).stdout, /^claude mcp add opencode-fleet /mu)
        assert.match((yield* type("opencode-fleet instances")).stdout, /\napi +(?:online|idle) /u)
      }),
    )
  })
})
