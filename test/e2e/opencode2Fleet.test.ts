/** A registered opencode 2, through the built executable and real MCP clients. */
import { assert, layer } from "@effect/vitest"
import { Effect, Ref } from "effect"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { GetDiff } from "../../src/tools/changes/ChangeTools.ts"
import { ListInstances, RefreshInstances } from "../../src/tools/instances/InstanceTools.ts"
import { RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { CreateSession, GetSession, GetStatus, ListSessions } from "../../src/tools/sessions/SessionTools.ts"
import { WaitForSessions } from "../../src/tools/many/ManyTools.ts"
import { AbortSession, SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay } from "../support/Executable.ts"
import { connect, type Kind, kinds } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencode2Facts.ts"
import * as facts1 from "../support/opencodeFacts.ts"
import { start as start1 } from "../support/RealOpencode.ts"
import { RealOpencode2 } from "../support/RealOpencode2.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { runCommand } from "../support/runCommand.ts"

interface SceneOptions {
  readonly kind?: Kind
  readonly password?: string
}

const scene = Effect.fnUntraced(function* ({ kind = "SDK 2", password }: SceneOptions = {}) {
  const real = yield* RealOpencode2
  const relay = yield* makeRelay()
  // Without its version, which opencode-fleet finds out.
  const { directory, port } = real
  yield* relay.register("main", { directory, port })
  const variables = { OPENCODE_SERVER_PASSWORD: password ?? real.password }
  return { real, relay, client: yield* connect(relay, { kind, variables }) }
})

/** A program that answers every request with a web page, and records the requests. */
const listener = Effect.gen(function* () {
  const requests: Array<Pick<IncomingMessage, "url" | "headers">> = []
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createServer(({ headers, url }, response) => {
        requests.push({ url, headers })
        response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>OpenCode</title>")
      }),
    ),
    (server) => Effect.sync(() => server.close()),
  )
  yield* Effect.callback<void>((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.void))
  })
  return { port: (server.address() as AddressInfo).port, requests }
})

withOpencode2("a registered opencode 2", () => {
  layer(RealOpencode2.layer({ permission: "ask", snapshots: true }), { excludeTestServices: true })((it) => {
    it.effect.each(kinds)("is online for %s, creates a session, and answers a message", (kind) =>
      Effect.gen(function* () {
        const { client, real } = yield* scene({ kind })
        const fleet = yield* client.call(RefreshInstances)
        assert.deepStrictEqual(fleet.health_counts, { online: 1 })
        assert.deepStrictEqual(fleet.problems, [])
        assert.deepInclude(fleet.instances[0], {
          name: "main",
          health: "online",
          version: "2.0.15",
          directory: real.directory,
        })
        const { session } = yield* client.call(CreateSession, { title: "Over MCP" })
        const turn = yield* client.call(SendMessage, { session_id: session.session_id, message: "say:Hello from two" })
        assert.deepInclude(turn, { outcome: "completed", text: "Hello from two" })
        const { sessions } = yield* client.call(ListSessions)
        assert.include(
          sessions.map(({ session_id: id }) => id),
          session.session_id,
        )
        const text = yield* client.text(GetSession, { session_id: session.session_id })
        for (const said of ["say:Hello from two", "Hello from two"]) assert.include(text, said)
        assert.notInclude(yield* client.stderr, real.password ?? "")
      }),
    )

    it.effect("waits for a permission, and continues when it is allowed", () =>
      Effect.gen(function* () {
        const { client, real } = yield* scene()
        const { id: session_id } = yield* facts.createSession(real, "Permission")
        const waiting = yield* client.call(SendMessage, { session_id, message: "run: echo from-two > two.txt" })
        assert.strictEqual(waiting.outcome, "needs permission")
        const status = yield* client.call(GetStatus)
        assert.deepInclude(
          status.active.find(({ session_id: id }) => id === session_id),
          { status: "waiting" },
        )
        const turn = yield* client.call(RespondPermission, { session_id, response: "once" })
        assert.strictEqual(turn.outcome, "completed")
        const diff = yield* client.text(GetDiff, { session_id })
        assert.include(diff, "from-two")
      }),
    )

    it.effect("receives a refusal: the turn is rejected, and stays rejected", () =>
      Effect.gen(function* () {
        const { client, real } = yield* scene()
        const { id: session_id } = yield* facts.createSession(real, "Refused")
        yield* client.call(SendMessage, { session_id, message: "run: echo no" })
        const turn = yield* client.call(RespondPermission, { session_id, response: "reject" })
        assert.strictEqual(turn.outcome, "rejected")
        assert.strictEqual((yield* client.call(WaitForSession, { session_id })).outcome, "rejected")
        assert.strictEqual((yield* facts.session(real, session_id)).outcome, "interrupted")
      }),
    )

    it.effect("streams progress, and is aborted", () =>
      Effect.gen(function* () {
        const { client, real } = yield* scene()
        const { id: session_id } = yield* facts.createSession(real, "Aborted")
        const heard = yield* Ref.make("")
        const sending = yield* client
          .call(SendMessage, { session_id, message: "slow: 600" }, ({ message }) => {
            if (message?.includes("tick") === true) Effect.runSync(Ref.set(heard, message))
          })
          .pipe(Effect.forkChild)
        yield* Ref.get(heard).pipe(eventually((message) => message !== ""))
        assert.deepInclude(yield* client.call(AbortSession, { session_id }), { was_running: true, final: true })
        assert.strictEqual((yield* client.call(WaitForSession, { session_id })).outcome, "aborted")
        sending.interruptUnsafe()
      }),
    )

    it.effect("keeps a message that waits when its turn before it is stopped, names it, and runs it once", () =>
      Effect.gen(function* () {
        const { client, real } = yield* scene()
        const { id: session_id } = yield* facts.createSession(real, "Parked")
        yield* client.call(SendMessage, { session_id, message: "slow: 600", async: true })
        const waiting = { session_id, message: "say:parked", message_id: `msg_parked-${session_id.slice(-12)}` }
        const accepted = yield* client.call(SendMessage, { ...waiting, async: true, if_busy: "wait" })
        assert.strictEqual(accepted.outcome, "accepted")
        assert.include(accepted.detail, "inbox")
        const aborted = yield* client.call(AbortSession, { session_id })
        assert.deepStrictEqual(aborted.parked, [{ message_id: waiting.message_id, text: waiting.message }])
        assert.include(yield* client.text(WaitForSession, { session_id }), waiting.message_id)
        const turn = yield* client.call(SendMessage, waiting)
        assert.deepInclude(turn, { outcome: "completed", text: "parked", message_id: waiting.message_id })
      }),
    )

    it.effect("is waited for together with an opencode 1, in one call and from the terminal", () =>
      Effect.gen(function* () {
        const { client, real, relay } = yield* scene()
        const one = yield* start1()
        yield* relay.register("one", { directory: one.directory, port: one.port })
        const asking = { instance: "main", session_id: (yield* facts.createSession(real, "Asks")).id }
        const working = { instance: "one", session_id: (yield* facts1.createSession(one, "Works")).id }
        const sessions = [asking, working]
        yield* client.call(SendMessage, { ...working, message: "slow: 600", async: true })
        yield* client.call(SendMessage, { ...asking, message: "run: echo many", async: true })
        const first = yield* client.call(WaitForSessions, { until: "any" })
        assert.deepInclude(first.sessions[0], { ...asking, outcome: "needs permission" })
        assert.deepInclude(first.sessions[1], { ...working, outcome: "still running" })
        yield* client.call(RespondPermission, { ...asking, response: "once" })
        yield* client.call(AbortSession, working)
        const { sessions: ended } = yield* client.call(WaitForSessions, { sessions })
        assert.deepStrictEqual(
          ended.map(({ instance, outcome }) => `${instance} ${outcome}`),
          ["main completed", "one aborted"],
        )
        const places = sessions.map(({ instance, session_id }) => `${instance}/${session_id}`)
        const variables = { OPENCODE_SERVER_PASSWORD: real.password }
        const { status, stderr, stdout } = yield* runCommand(relay, ["wait", ...places], { variables })
        assert.strictEqual(status, 1)
        for (const place of places) assert.include(stdout, place)
        assert.include(stderr, "Of 2 sessions: 1 session not completed")
      }),
    )

    it.effect("is unauthorized with another password", () =>
      Effect.gen(function* () {
        const { client } = yield* scene({ password: "wrong-password" })
        assert.deepStrictEqual((yield* client.call(RefreshInstances)).health_counts, { unauthorized: 1 })
      }),
    )

    it.effect("differs from another program with a web page, which is identified without the password", () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        const { port, requests } = yield* listener
        yield* relay.register("other", { port })
        const client = yield* connect(relay, { variables: { OPENCODE_SERVER_PASSWORD: "fleet-password" } })
        const fleet = yield* client.call(ListInstances)
        assert.deepStrictEqual(fleet.health_counts, { unhealthy: 1 })
        const identification = requests.filter(({ url }) => url === "/api/info")
        assert.isNotEmpty(identification)
        for (const { headers } of identification) assert.isUndefined(headers.authorization)
      }),
    )
  })
})
