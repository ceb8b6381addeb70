/** opencode as the client, with the configuration that `config opencode` prints. */
import { Effect, Schema } from "effect"
import { environment } from "../../support/OpencodeWorkspace.ts"
import { opencode1Binary } from "../../support/RealOpencode.ts"
import { type ClientCase, usualCalls } from "../ClientCase.ts"
import type { Stage } from "../Stage.ts"

const Fields = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

const provider = (url: string) => ({
  autoupdate: false,
  share: "disabled",
  model: "scripted/scripted",
  small_model: "scripted/scripted",
  enabled_providers: ["scripted"],
  provider: {
    scripted: {
      npm: "@ai-sdk/openai-compatible",
      name: "Scripted",
      options: { baseURL: `${url}/v1`, apiKey: "x" },
      models: { scripted: { name: "Scripted", tool_call: true, limit: { context: 200_000, output: 8000 } } },
    },
  },
})

/** opencode believes a lock file that says that its plugin library is installed. */
const installed = { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }

const configured = Effect.fnUntraced(function* (stage: Stage) {
  const ours = yield* Schema.decodeEffect(Fields)(yield* stage.config("opencode"))
  yield* stage.write(".config/opencode/opencode.json", { ...provider(stage.model.url), ...ours })
  yield* stage.write(".config/opencode/node_modules/.keep", "")
  yield* stage.write(".config/opencode/package-lock.json", installed)
  yield* stage.write("models.json", "{}")
})

const variables = ({ home }: Stage) =>
  Object.fromEntries(
    Object.entries(environment(home)).flatMap(([name, value]) =>
      value === undefined || name === "PATH" || name === "TMPDIR" ? [] : [[name, value] as const],
    ),
  )

const run = (args: ReadonlyArray<string>, stdin?: (stage: Stage) => string) => (stage: Stage) =>
  Effect.andThen(
    configured(stage),
    stage.run([opencode1Binary, ...args], { env: variables(stage), stdin: stdin?.(stage) ?? "" }),
  )

export const opencodeClients: ReadonlyArray<ClientCase> = [
  { name: "opencode mcp list", calls: [], form: "none", run: run(["mcp", "list"]) },
  // As an argument, its prompt would be quoted.
  { name: "opencode run", calls: usualCalls, form: "none", run: run(["run"], ({ prompt }) => prompt) },
]
