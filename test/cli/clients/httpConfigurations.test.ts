/** `config --http`: where the token is, and where it is not. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Option, Redacted, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { type Client, clients, configurationText } from "../../../src/cli/clients/clientConfigurations.ts"
import { endpointUrl } from "../../../src/cli/clients/endpointUrl.ts"
import { httpConfigurations, type Remote, type TokenSource } from "../../../src/cli/clients/httpConfigurations.ts"
import { remoteOf } from "../../../src/cli/clients/remote.ts"
import { tokenNotes } from "../../../src/cli/clients/tokenNotes.ts"
import { ownTokenFile } from "../../../src/settings/directories.ts"
import { Settings } from "../../../src/Settings.ts"

const url = "http://127.0.0.1:4180/mcp"
const token = "t0ken-t0ken-t0ken-t0ken"
const ofFile = (file: string, isAlone = true): TokenSource => ({
  kind: "file",
  file,
  token: Redacted.make(token),
  isAlone,
})

const text = (client: Client, remote: Remote) =>
  Effect.fromResult(configurationText(httpConfigurations[client], remote))

const ClaudeCode = Schema.fromJsonString(Schema.Struct({ url: Schema.String, headersHelper: Schema.String }))

const taken = (given: string) => Option.getOrElse(endpointUrl(given), () => "refused")

layer(NodeServices.layer)("The configuration of a client over HTTP", (it) => {
  it.effect.each(clients)("of %s contains the token only where the client can read it from nowhere", (client) =>
    Effect.gen(function* () {
      const source = ofFile("/state/http-token")
      const shown = yield* text(client, { url, source })
      const inline = ["cline", "json"].includes(client)
      assert.strictEqual(shown.includes(token), inline)
      assert.include(shown, url)
      const [note = "", ...others] = tokenNotes(client, "The client", { url, source })
      assert.deepStrictEqual(others, [])
      const resolved = ["claude-code", "opencode"].includes(client)
      if (inline) assert.include(note, "contains the token")
      else if (resolved) assert.strictEqual(note, "")
      else assert.match(note, /OPENCODE_FLEET_TOKEN="\$\(cat \/state\/http-token\)"$|VS Code asks for the token once/u)
      if (!inline && !resolved && client !== "vscode") assert.include(shown, "OPENCODE_FLEET_TOKEN")
    }),
  )

  it.effect.each(clients)(
    "of %s for another machine holds a reference or a gap, and nothing if its user logs in",
    (client) =>
      Effect.gen(function* () {
        const there = "https://fleet.example.com/mcp"
        const withToken = yield* text(client, { url: there, source: { kind: "variable" } })
        assert.match(withToken, /OPENCODE_FLEET_TOKEN|TOKEN|\$\{input:/u)
        const login = yield* text(client, { url: there, source: { kind: "login" } })
        assert.notMatch(login, /bearer|token|headers|Authorization/iu)
        assert.include(login, there)
        assert.match(tokenNotes(client, "It", { url: there, source: { kind: "login" } }).join(), /log in/u)
        const clear = tokenNotes(client, "It", { url: "http://fleet.example.com/mcp", source: { kind: "variable" } })
        assert.include(clear.join(), "Use https://")
      }),
  )

  it.effect.each([
    { file: "that holds nothing else", content: `${token}\n` },
    {
      file: "with names and comments",
      content: `# of this team\n\n  ${token} phone fleet:read\nan0ther-an0ther-an0ther\n`,
    },
  ])("lets Claude Code read the header from a file $file, whatever the file is called", ({ content }) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: `it's "a" $HOME \`id\` ` })
      yield* fs.writeFileString(`${directory}/http-token`, content, { mode: 0o600 })
      const { source } = yield* remoteOf({
        url: Option.none(),
        login: false,
        tokenFile: Option.some(`${directory}/http-token`),
      }).pipe(Effect.provide(Settings.layerOf({ relayDirectory: "/relay" })))
      const line = yield* text("claude-code", { url, source })
      const program = 'claude() { shift 5; printf "%s" "$1"; }\n'
      const added = yield* spawner.string(ChildProcess.make("/bin/sh", ["-c", `${program}${line}`]))
      const { headersHelper, url: there } = yield* Schema.decodeEffect(ClaudeCode)(added)
      assert.strictEqual(there, url)
      const header = yield* spawner.string(ChildProcess.make("/bin/sh", ["-c", headersHelper]))
      assert.deepStrictEqual(JSON.parse(header), { Authorization: `Bearer ${token}` })
    }),
  )

  it.effect("lets opencode read the token only from a file that holds nothing else", () =>
    Effect.gen(function* () {
      const alone = { url, source: ofFile("/state/tokens") }
      assert.include(yield* text("opencode", alone), "{file:/state/tokens}")
      const among = { url, source: ofFile("/state/tokens", false) }
      assert.include(yield* text("opencode", among), "{env:OPENCODE_FLEET_TOKEN}")
      assert.match(tokenNotes("opencode", "opencode", among).join(), /TOKEN="\$\(awk .* \/state\/tokens\)"$/u)
    }),
  )

  it.effect("never takes this user's own token for a server of another machine", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const stateDirectory = yield* fs.makeTempDirectoryScoped()
      const remote = (url?: string) =>
        remoteOf({ url: Option.fromUndefinedOr(url), login: false, tokenFile: Option.none() }).pipe(
          Effect.provide(Settings.layerOf({ relayDirectory: "/relay", stateDirectory })),
        )
      const own = yield* remote()
      assert.strictEqual(own.url, url)
      assert(own.source.kind === "file")
      const stored = (yield* fs.readFileString(ownTokenFile(stateDirectory))).trim()
      assert.strictEqual(Redacted.value(own.source.token), stored)
      assert.strictEqual(own.newTokenFile, ownTokenFile(stateDirectory))
      const again = yield* remote("http://localhost:5000/mcp")
      assert.deepStrictEqual(again.source, own.source)
      assert.isUndefined(again.newTokenFile)
      for (const there of [
        "https://fleet.example.com/mcp",
        "http://127.0.0.1.example.com/mcp",
        "http://10.0.0.1/mcp",
      ]) {
        assert.deepStrictEqual((yield* remote(there)).source, { kind: "variable" })
      }
      yield* fs.chmod(ownTokenFile(stateDirectory), 0o644)
      assert.include((yield* Effect.flip(remote())).message, "can be read by other users")
    }),
  )

  it.effect("takes an URL with or without the path of the endpoint", () =>
    Effect.sync(() => {
      for (const given of ["http://box:1", "http://box:1/", "http://box:1/mcp", "http://box:1/mcp/"]) {
        assert.strictEqual(taken(given), "http://box:1/mcp")
      }
      for (const given of ["https://box/fleet", "https://box/fleet/", "https://box/fleet/mcp"]) {
        assert.strictEqual(taken(given), "https://box/fleet/mcp")
      }
      for (const given of ["box:1", "ftp://box", "x"]) assert.strictEqual(taken(given), "refused")
    }),
  )
})
