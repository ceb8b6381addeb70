/** Every tool on a real opencode, under every MCP client: the calls of `npm run demo`, with assertions. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { GetStatus } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { CreateSession, GetSession, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect, type Kind, kinds, type McpClient, type Progress } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const names = [
  "abort_session",
  "create_session",
  "get_session",
  "get_status",
  "list_instances",
  "list_sessions",
  "refresh_instances",
  "send_message",
]

const withClient = Effect.fnUntraced(function* (kind: Kind) {
  const relay = yield* makeRelay()
  yield* relay.register("main", yield* RealOpencode)
  return yield* connect(relay, { kind })
})

const statusOf = (client: McpClient, session: string) =>
  Effect.map(
    client.call(GetStatus),
    ({ active }) => active.find(({ session_id: id }) => id === session)?.status ?? "idle",
  )

layer(RealOpencode.layer({ snapshots: true }), { excludeTestServices: true })("the tools", (it) => {
  it.effect.each(kinds)("are listed for %s, and nothing else is offered", (kind) =>
    Effect.gen(function* () {
      const client = yield* withClient(kind)
      assert.includeMembers([...client.tools], names)
      const tasks = kind === "SDK 2 of 2026-07-28" ? { extensions: { "io.modelcontextprotocol/tasks": {} } } : {}
      assert.deepStrictEqual(client.capabilities, { tools: { listChanged: true }, ...tasks })
    }),
  )

  it.effect(
    "show the sessions of every project that the server works in, and one broken project hides only itself",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const opencode = yield* RealOpencode
        const other = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "other-project-" }), fs.realPath)
        const broken = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "broken-project-" }), fs.realPath)
        const client = yield* withClient("SDK 2")
        for (const directory of [other, broken]) yield* client.call(CreateSession, { title: "Elsewhere", directory })
        // opencode reads a project's configuration when it loads the project.
        yield* fs.writeFileString(`${broken}/opencode.json`, "{ broken")
        yield* opencode.restart
        const { broken_directories, sessions } = yield* client.call(ListSessions, { search: "Elsewhere" })
        assert.sameMembers(
          sessions.map(({ directory, status }) => `${status} in ${directory}`),
          [`idle in ${other}`, `unknown in ${broken}`],
        )
        assert.deepStrictEqual(
          broken_directories?.map(({ directory }) => directory),
          [broken],
        )
        assert.include(broken_directories?.[0]?.reason, "opencode.json")
        assert.include(yield* client.text(GetStatus), broken)
      }),
  )

  it.effect.each(kinds)("show the instances to %s", (kind) =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const client = yield* withClient(kind)
      for (const tool of [ListInstances, RefreshInstances]) {
        const fleet = yield* client.call(tool)
        assert.deepStrictEqual(fleet.health_counts, { online: 1 })
        assert.deepStrictEqual(fleet.problems, [])
        assert.deepStrictEqual(
          fleet.transports.map(({ found_count: found, problem_count, transport }) => ({
            found,
            problem_count,
            transport,
          })),
          [
            { found: 1, problem_count: 0, transport: "local-relay" },
            { found: 0, problem_count: 0, transport: "service" },
          ],
        )
        const [instance] = fleet.instances
        assert.deepInclude(instance, {
          name: "main",
          health: "online",
          version: "1.18.33",
          host: "test-machine",
          directory: opencode.directory,
          transports: ["local-relay"],
        })
        const text = yield* client.text(tool)
        for (const part of ["main", "online", opencode.directory]) assert.include(text, part)
      }
    }),
  )

  it.effect.each(kinds)("create, list and read sessions and wait for turns for %s", (kind) =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const client = yield* withClient(kind)
      const title = `Shop window for ${kind}`
      const { session } = yield* client.call(CreateSession, { title })
      assert.deepInclude(session, { title, status: "idle", directory: opencode.directory })

      const progress: Array<Progress> = []
      const turn = yield* client.call(SendMessage, { session_id: session.session_id, message: "slow: 5" }, (update) =>
        progress.push(update),
      )
      assert.deepInclude(turn, {
        instance: "main",
        session_id: session.session_id,
        outcome: "completed",
        text: "tick 1 tick 2 tick 3 tick 4 tick 5 ",
        input_tokens: 10,
        output_tokens: 5,
      })
      assert.isNotEmpty(progress)
      const tool = yield* client.call(SendMessage, {
        instance: "main",
        session_id: session.session_id,
        message: `run: echo '${kind}' > window.txt && cat window.txt`,
      })
      assert.strictEqual(tool.outcome, "completed")
      assert.include(tool.text, `Done: ${kind}`)
      assert.deepInclude(tool.tools[0], { tool: "bash", state: "completed" })
      assert.include(tool.files.join(" "), "window.txt")

      const { messages } = yield* client.call(GetSession, { session_id: session.session_id })
      assert.deepStrictEqual(
        messages.map(({ role }) => role),
        ["user", "assistant", "user", "assistant", "assistant"],
      )
      assert.deepStrictEqual(
        messages
          .flatMap(({ parts }) => parts.filter(({ kind }) => kind === "text").map(({ text }) => text))
          .slice(0, 2),
        ["slow: 5", "tick 1 tick 2 tick 3 tick 4 tick 5 "],
      )
      assert.isTrue(messages.every(({ completed }) => completed))
      const newest = yield* client.call(GetSession, { session_id: session.session_id, message_limit: 1 })
      assert.lengthOf(newest.messages, 1)
      const older = yield* client.call(GetSession, { session_id: session.session_id, before: newest.before })
      assert.deepStrictEqual(
        older.messages.map(({ message_id: id }) => id),
        messages.slice(0, -1).map(({ message_id: id }) => id),
      )

      const listed = yield* client.call(ListSessions, { search: title })
      assert.strictEqual(listed.matching_count, 1)
      assert.deepInclude(listed.sessions[0], {
        session_id: session.session_id,
        title,
        message_count: 5,
      })
    }),
  )

  it.effect.each(kinds)("start a turn, watch it and stop it for %s", (kind) =>
    Effect.gen(function* () {
      const client = yield* withClient(kind)
      const { session } = yield* client.call(CreateSession, { title: `Long work for ${kind}` })
      assert.strictEqual(yield* statusOf(client, session.session_id), "idle")
      const turn = yield* client.call(SendMessage, {
        session_id: session.session_id,
        message: "slow: 600",
        async: true,
      })
      assert.strictEqual(turn.outcome, "accepted")
      assert.include(turn.next, "get_status")
      assert.strictEqual(yield* statusOf(client, session.session_id), "busy")
      assert.deepInclude(yield* client.call(AbortSession, { session_id: session.session_id }), { was_running: true })
      assert.strictEqual(yield* eventually((status) => status === "idle")(statusOf(client, session.session_id)), "idle")
      assert.deepInclude(yield* client.call(AbortSession, { session_id: session.session_id }), { was_running: false })
      const { messages } = yield* client.call(GetSession, { session_id: session.session_id })
      assert.deepStrictEqual(messages.at(0)?.parts, [{ kind: "text", text: "slow: 600" }])
    }),
  )
})
