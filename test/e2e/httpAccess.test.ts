/** Whom `serve --http` lets in: with the token that it makes, with tokens of a file, and by a login at an issuer. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { makeFrontDoor } from "../support/frontDoor.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { startIssuer } from "../support/Issuer.ts"
import { connectHttp, kinds } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import { connectByLogin, oauthKinds } from "../support/OAuthClients.ts"
import { runCommand } from "../support/runCommand.ts"

const [laptop, phone] = ["laptop-laptop-laptop", "phone-phone-phone-phone"]

const decodeConfiguration = Schema.decodeEffect(
  Schema.fromJsonString(
    Schema.Struct({
      mcpServers: Schema.Struct({
        "opencode-fleet": Schema.Struct({
          url: Schema.String,
          headers: Schema.Struct({ Authorization: Schema.String }),
        }),
      }),
    }),
  ),
)

const decodeMetadata = Schema.decodeUnknownEffect(Schema.Struct({ scopes_supported: Schema.Array(Schema.String) }))

layer(NodeServices.layer, { excludeTestServices: true })("serve --http", (it) => {
  it.effect("makes a token for its user, which `config` hands to a client", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      const server = yield* serveHttp(relay, { args: [] })
      const { stdout } = yield* runCommand(relay, ["config", "json", "--http", server.url.href])
      const { mcpServers } = yield* decodeConfiguration(stdout)
      const { headers, url } = mcpServers["opencode-fleet"]
      const client = yield* connectHttp({ url: new URL(url), headers })
      assert.include(client.tools, "respond_permission")
      const token = headers.Authorization.replace("Bearer ", "")
      assert.notInclude((yield* server.stderr) + (yield* server.stdout), token)
    }),
  )

  it.effect("follows a file of tokens: their tools, and what is added and removed", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay()
      const file = `${relay.home}/tokens`
      yield* fs.writeFileString(file, `${phone} phone fleet:read\n`, { mode: 0o600 })
      const server = yield* serveHttp(relay, { args: ["--token-file", file] })
      for (const kind of kinds) {
        const client = yield* connectHttp({ url: server.url, headers: { authorization: `Bearer ${phone}` } }, { kind })
        assert.include(client.tools, "wait_for_session")
        assert.notInclude(client.tools, "send_message")
        assert.notInclude(client.tools, "respond_permission")
      }
      const status = (token: string) =>
        Effect.promise(() =>
          fetch(server.url, { method: "DELETE", headers: { authorization: `Bearer ${token}` } }),
        ).pipe(Effect.map(({ status }) => status))
      assert.strictEqual(yield* status(laptop), 401)
      yield* fs.writeFileString(file, laptop)
      assert.strictEqual(yield* status(phone), 401)
      assert.strictEqual(yield* status(laptop), 400)
      yield* fs.writeFileString(file, `${laptop}\nshort`)
      assert.strictEqual(yield* status(laptop), 503)
      const log = yield* server.stderr.pipe(eventually((log) => log.includes("line 2: the token is shorter than 16")))
      for (const secret of [laptop, phone]) assert.notInclude(log, secret)
    }),
  )

  it.effect.each(oauthKinds)("lets a client of %s log in at the issuer, and again for more", (kind) =>
    Effect.gen(function* () {
      const issuer = yield* startIssuer
      const front = yield* makeFrontDoor
      const args = ["--issuer", issuer.url, "--public-url", front.url.origin]
      const server = yield* serveHttp(yield* makeRelay(), { args })
      front.leadTo(server.port)
      // Claude Code asks for all of these, whatever the challenge says.
      const metadata = yield* Effect.promise(() =>
        fetch(new URL("/.well-known/oauth-protected-resource/mcp", front.url)),
      )
      const { scopes_supported } = yield* decodeMetadata(yield* Effect.promise(() => metadata.json()))
      assert.deepStrictEqual(scopes_supported, ["fleet:read", "fleet:send"])
      const client = yield* connectByLogin(kind, front.url)
      assert.include(client.tools, "respond_permission")
      yield* Effect.promise(() => client.call("list_instances", {}))
      assert.deepStrictEqual(issuer.logins, ["fleet:read fleet:send"])
      // Nothing is open, so the tool itself refuses it.
      const decided = yield* Effect.promise(() =>
        client.call("respond_permission", { session_id: "x", response: "once" }),
      )
      assert.include(JSON.stringify(decided), "isError")
      const [, again = ""] = issuer.logins
      assert.sameMembers(again.split(" "), ["fleet:read", "fleet:send", "fleet:decide"])
      assert.notInclude(yield* server.stderr, "eyJ")
    }),
  )
})
