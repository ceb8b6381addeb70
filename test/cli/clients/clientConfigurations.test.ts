/** `config`: what a shell or a client reads from its output, and the README. */
import { assert, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import {
  type Client,
  clientConfigurations,
  clients,
  configurationText,
  type Launch,
} from "../../../src/cli/clients/clientConfigurations.ts"

const hostile: Launch = {
  command: `/opt/my "node"/it's here/node`,
  args: ["/home/$(touch pwned)/`id`/a\\b;c & d\n/*.mjs"],
  environment: { RELAY_REGISTRY_DIR: "/tmp/two words/$HOME/'", LOG_LEVEL: "debug" },
}

const text = (client: Client, launch: Launch) =>
  Effect.fromResult(configurationText(clientConfigurations[client], launch))

const parse = Schema.decodeEffect(Schema.fromJsonString(Schema.Unknown))

const commands = [
  [
    "claude-code",
    ["claude", "mcp", "add", "opencode-fleet", "-s", "user"],
    ["-e", "RELAY_REGISTRY_DIR=/tmp/two words/$HOME/'", "-e", "LOG_LEVEL=debug"],
    ["--"],
  ],
  [
    "codex",
    ["codex", "mcp", "add", "opencode-fleet"],
    ["--env", "RELAY_REGISTRY_DIR=/tmp/two words/$HOME/'", "--env", "LOG_LEVEL=debug"],
    ["--"],
  ],
  [
    "gemini",
    ["gemini", "mcp", "add", "-s", "user"],
    ["-e", "RELAY_REGISTRY_DIR=/tmp/two words/$HOME/'", "-e", "LOG_LEVEL=debug"],
    ["opencode-fleet"],
  ],
] as const

const started = [hostile.command, ...hostile.args]

const files = [
  [
    "opencode",
    { mcp: { "opencode-fleet": { type: "local", enabled: true, command: started, environment: hostile.environment } } },
  ],
  [
    "vscode",
    {
      servers: {
        "opencode-fleet": { type: "stdio", command: hostile.command, args: hostile.args, env: hostile.environment },
      },
    },
  ],
  [
    "cursor",
    { mcpServers: { "opencode-fleet": { command: hostile.command, args: hostile.args, env: hostile.environment } } },
  ],
] as const

layer(NodeServices.layer)("The configuration of a client", (it) => {
  it.effect.each(commands)("as a command passes each argument to %s literally", ([client, add, environment, before]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "clients-" })
      yield* fs.writeFileString(
        `${directory}/${add[0]}`,
        `#!/bin/sh\nprintf '%s\\0' "$@" > "${directory}/arguments"\n`,
        {
          mode: 0o755,
        },
      )
      const line = yield* text(client, hostile)
      yield* spawner.exitCode(ChildProcess.make("/bin/sh", ["-c", line], { cwd: directory, env: { PATH: directory } }))
      const received = (yield* fs.readFileString(`${directory}/arguments`)).split("\0").slice(0, -1)
      assert.deepStrictEqual(received, [...add.slice(1), ...environment, ...before, ...started])
      assert.notInclude(yield* fs.readDirectory(directory), "pwned")
    }),
  )

  it.effect.each(files)("as a file of %s is the same in JSON", ([client, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* parse(yield* text(client, hostile)), expected)
    }),
  )

  it.effect.each(clients)("of %s has no environment if no variable is set, and is the same in the README", (client) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const readme = yield* fs.readFileString(fileURLToPath(new URL("../../../README.md", import.meta.url)))
      const { form, title } = clientConfigurations[client]
      const row = readme.split("\n").find((line) => line.startsWith(`| ${title} `)) ?? ""
      const plain = yield* text(client, { command: "node", args: ["/path/to/opencode-fleet.mjs"], environment: {} })
      const code = /`([^`]*)` *\|$/u.exec(row)?.[1] ?? ""
      if (form.kind === "command") assert.strictEqual(code, plain)
      else assert.deepStrictEqual(yield* parse(code), yield* parse(plain))
    }),
  )
})
