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
} from "../../../src/cli/clients/clientConfigurations.ts"
import type { Launch } from "../../../src/cli/clients/forms.ts"
import { copiedVariables } from "../../../src/cli/clients/launch.ts"
import { variables } from "../../../src/settings/variables.ts"

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
  [
    "copilot",
    ["copilot", "mcp", "add", "opencode-fleet"],
    ["--env", "RELAY_REGISTRY_DIR=/tmp/two words/$HOME/'", "--env", "LOG_LEVEL=debug"],
    ["--"],
  ],
  [
    "qwen",
    ["qwen", "mcp", "add", "-s", "user"],
    ["-e", "RELAY_REGISTRY_DIR=/tmp/two words/$HOME/'", "-e", "LOG_LEVEL=debug"],
    ["opencode-fleet"],
  ],
] as const

const started = [hostile.command, ...hostile.args]

const files = [
  [
    "opencode",
    {
      mcp: { "opencode-fleet": { type: "local", enabled: true, command: started, environment: hostile.environment } },
      permission: { "opencode-fleet_respond_permission": "ask", "opencode-fleet_answer_question": "ask" },
    },
  ],
  [
    "vscode",
    {
      servers: {
        "opencode-fleet": { type: "stdio", command: hostile.command, args: hostile.args, env: hostile.environment },
      },
    },
  ],
  ...(["cursor", "cline", "json"] as const).map(
    (client) =>
      [
        client,
        {
          mcpServers: { "opencode-fleet": { command: hostile.command, args: hostile.args, env: hostile.environment } },
        },
      ] as const,
  ),
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

  it.effect("of Continue is YAML whose values are JSON", () =>
    Effect.gen(function* () {
      const [list, ...lines] = (yield* text("continue", hostile)).split("\n")
      assert.strictEqual(list, "mcpServers:")
      const pairs = lines.map((line) => /^(?: {2}- | {4})(\w+): (.*)$/u.exec(line)?.slice(1) ?? [line])
      assert.deepStrictEqual(
        pairs.map(([key]) => key),
        ["name", "command", "args", "env"],
      )
      const values = yield* Effect.forEach(pairs.slice(1), ([, value = ""]) => parse(value))
      assert.deepStrictEqual(values, [hostile.command, hostile.args, hostile.environment])
    }),
  )

  it.effect("carries every setting of the server, and no secret", () =>
    Effect.sync(() => {
      const carried = new Set<string>([...copiedVariables, "RELAY_REGISTRY_DIR", "XDG_DATA_HOME"])
      for (const [name, { content, use }] of Object.entries(variables)) {
        assert.strictEqual(carried.has(name), use === "server" && content !== "secret", name)
      }
      for (const name of ["TRANSPORT", "TAILSCALE_TAG", "MDNS_ALLOW", "LOCAL_PORTS", "SSH_HOSTS"]) {
        assert.isTrue(carried.has(name), name)
      }
    }),
  )

  it.effect.each(clients)(
    "of %s has no environment if no variable is set, and is the same in the documentation",
    (client) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const { form, title } = clientConfigurations[client]
        const plain = yield* text(client, { command: "node", args: ["/path/to/opencode-fleet.mjs"], environment: {} })
        for (const page of ["README.md", "docs/command-line.md"]) {
          const content = yield* fs.readFileString(fileURLToPath(new URL(`../../../${page}`, import.meta.url)))
          const row = content.split("\n").find((line) => new RegExp(`^\\| ${title} .*opencode-fleet`, "u").test(line))
          // The README shows some of them.
          if (row === undefined && page === "README.md") continue
          const code = /`([^`]*)` *\|$/u.exec(row ?? "")?.[1] ?? ""
          if (form.kind === "command") assert.strictEqual(code, plain)
          else if (form.kind === "file") assert.deepStrictEqual(yield* parse(code), yield* parse(plain))
          else
            assert.include(
              plain,
              `- name: opencode-fleet\n    command: "node"\n    args: ["/path/to/opencode-fleet.mjs"]`,
            )
        }
      }),
  )
})
