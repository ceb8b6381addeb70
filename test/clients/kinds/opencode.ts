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

export const configured = Effect.fnUntraced(function* (stage: Stage, entries: Entries) {
  const { permission, ...ours } = yield* Schema.decodeEffect(Fields)(yield* stage.config("opencode"))
  const printed = entries === "all" ? { ...ours, permission } : ours
  yield* stage.write(".config/opencode/opencode.json", { ...provider(stage.model.url), ...printed })
  yield* stage.write(".config/opencode/node_modules/.keep", "")
  yield* stage.write(".config/opencode/package-lock.json", installed)
  yield* stage.write("models.json", "{}")
})

export const variables = ({ home }: Stage) =>
  Object.fromEntries(
    Object.entries(environment(home)).flatMap(([name, value]) =>
      value === undefined || name === "PATH" || name === "TMPDIR" ? [] : [[name, value] as const],
    ),
  )

/** What the user copies of the printed configuration: all of it, or the server without the `permission` entries. */
type Entries = "all" | "server"

interface RunOptions {
  readonly entries?: Entries
  readonly stdin?: (stage: Stage) => string
}

const run =
  (args: ReadonlyArray<string>, { entries = "all", stdin = () => "" }: RunOptions = {}) =>
  (stage: Stage) =>
    Effect.andThen(
      configured(stage, entries),
      stage.run([opencode1Binary, ...args], { env: variables(stage), stdin: stdin(stage) }),
    )

/** The model decides the request that its own message has led to, as no model should. */
const decideItself = (stage: Stage) =>
  stage.promptTo(`run: ${stage.command}`, { tool: "respond_permission", input: { response: "once" } })

const answerItself = (stage: Stage) =>
  stage.promptTo("ask: Which colour? | Red | Blue", { tool: "answer_question", input: { answers: [["Red"]] } })

export const opencodeClients: ReadonlyArray<ClientCase> = [
  { name: "opencode mcp list", calls: [], form: "none", run: run(["mcp", "list"]) },
  // As an argument, its prompt would be quoted.
  { name: "opencode run", calls: usualCalls, form: "none", run: run(["run"], { stdin: ({ prompt }) => prompt }) },
  // `run` has no person, and refuses what it would have to ask.
  {
    name: "opencode run asks before a permission",
    calls: ["send_message"],
    form: "none",
    neverCalls: "respond_permission",
    run: run(["run"], { stdin: decideItself }),
  },
  {
    name: "opencode run asks before an answer",
    calls: ["send_message"],
    form: "none",
    outcome: "needs answer",
    neverCalls: "answer_question",
    run: run(["run"], { stdin: answerItself }),
  },
  {
    name: "opencode run without the entries",
    calls: ["send_message", "respond_permission"],
    form: "none",
    outcome: "completed",
    run: run(["run"], { entries: "server", stdin: decideItself }),
  },
]
