/** What is tried with each version of opencode: the built executable as an MCP server, and a scripted model. */
import { assert } from "@effect/vitest"
import { Effect, FileSystem, type Scope } from "effect"
import { GetDiff } from "../../src/tools/changes/ChangeTools.ts"
import { ListInstances } from "../../src/tools/instances/InstanceTools.ts"
import { RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { CreateSession, GetSession, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import type { Relay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import type { OpencodeServer } from "../support/OpencodeServer.ts"

/** Below 1.3, a server only lists the sessions of its own project. */
const hasAllSessions = ({ url }: OpencodeServer) =>
  Effect.promise(async (signal) => {
    const { headers, ok } = await fetch(`${url}/experimental/session`, { signal })
    return ok && headers.get("content-type")?.includes("json") === true
  })

/** The steps by name. Each has a session of its own and does not depend on the others. */
export const journey = Effect.fnUntraced(function* (relay: Relay, opencode: OpencodeServer, version: string) {
  const fs = yield* FileSystem.FileSystem
  const client = yield* connect(relay)
  const newSession = (title: string) =>
    Effect.map(
      client.call(CreateSession, { title, ...(opencode.api === 2 ? { directory: opencode.directory } : {}) }),
      ({ session }) => session.session_id,
    )
  /** A turn whose command a person allows. */
  const run = Effect.fnUntraced(function* (session_id: string, command: string) {
    const asked = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
    assert.strictEqual(asked.outcome, "needs permission", asked.detail)
    assert.include(asked.waiting_for?.[0]?.text, command)
    return yield* client.call(RespondPermission, { session_id, response: "once" })
  })

  const steps: Record<string, Effect.Effect<void, unknown, Scope.Scope>> = {
    list: Effect.gen(function* () {
      const { instances } = yield* client.call(ListInstances)
      assert.strictEqual(instances[0]?.health, "online", instances[0]?.reason)
      assert.strictEqual(instances[0]?.version, version)
    }),
    send: Effect.gen(function* () {
      const turn = yield* client.call(SendMessage, { session_id: yield* newSession("Send"), message: "hello" })
      assert.strictEqual(turn.outcome, "completed", turn.detail)
      assert.include(turn.text, "Echo: hello")
    }),
    permission: Effect.gen(function* () {
      const turn = yield* run(yield* newSession("Permission"), "echo $((40 + 2))")
      assert.strictEqual(turn.outcome, "completed", turn.detail)
      assert.include(turn.text, "Done: 42")
    }),
    abort: Effect.gen(function* () {
      const session_id = yield* newSession("Abort")
      yield* client.call(SendMessage, { session_id, message: "slow: 600", async: true })
      yield* facts.status(opencode, session_id).pipe(eventually((status) => status !== "idle"))
      const stopped = yield* client.call(AbortSession, { session_id })
      assert.isTrue(stopped.was_running)
      assert.strictEqual((yield* client.call(WaitForSession, { session_id })).outcome, "aborted")
    }),
    diff: Effect.gen(function* () {
      const session_id = yield* newSession("Diff")
      yield* run(session_id, "echo one > one.txt")
      yield* run(session_id, "echo two >> one.txt")
      const { additions, deletions, files, ...rest } = yield* client.call(GetDiff, { session_id })
      assert.deepStrictEqual(
        { additions, deletions, patches: files.map(({ patch }) => patch) },
        {
          additions: 2,
          deletions: 0,
          patches: ["--- /dev/null\n+++ b/one.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n"],
        },
        JSON.stringify(rest),
      )
    }),
    "other projects": Effect.gen(function* () {
      if (opencode.api === 1 && !(yield* hasAllSessions(opencode))) return
      const directory = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "other-project-" }), fs.realPath)
      yield* facts.createSession({ ...opencode, directory }, "Elsewhere")
      const { sessions } = yield* client.call(ListSessions, { search: "Elsewhere" })
      assert.deepStrictEqual(
        sessions.map((session) => session.directory),
        [directory],
      )
    }),
    conversation: Effect.gen(function* () {
      const session_id = yield* newSession("Conversation")
      yield* client.call(SendMessage, { session_id, message: "remember this" })
      const { messages } = yield* client.call(GetSession, { session_id })
      assert.lengthOf(messages, 2)
      assert.include(JSON.stringify(messages), "Echo: remember this")
    }),
  }
  return Object.entries(steps)
})

/** Why the instance is not used. */
export const refusal = Effect.fnUntraced(function* (relay: Relay) {
  const client = yield* connect(relay)
  const { instances } = yield* client.call(ListInstances)
  return instances[0]?.reason ?? "It is used."
})
