/** Programs for developers of MCP servers: the Inspector, mcporter and mcpc. They have no model. */
import { Effect } from "effect"
import { type ClientCase, usualCalls } from "../ClientCase.ts"
import type { Stage } from "../Stage.ts"

const messages = ({ command, http, session }: Stage) => [
  ...(http === undefined ? [] : [http.cutCall.input]),
  { instance: "main", session_id: session, message: `run: ${command}` },
]

const inspect = (stage: Stage) =>
  Effect.gen(function* () {
    const file = yield* stage.write("mcp.json", yield* stage.config("json"))
    const inspector = (...args: ReadonlyArray<string>) =>
      stage.run(["mcp-inspector", "--cli", "--config", file, "--server", "opencode-fleet", ...args])
    yield* inspector("--method", "tools/list")
    const call = (tool: string, ...args: ReadonlyArray<string>) =>
      inspector("--method", "tools/call", "--tool-name", tool, ...args.flatMap((each) => ["--tool-arg", each]))
    yield* call("list_instances")
    yield* call("get_session", "instance=main", `session_id=${stage.fleet.longSession}`)
    for (const { instance, message, session_id } of messages(stage)) {
      yield* call("send_message", `instance=${instance}`, `session_id=${session_id}`, `message=${message}`)
    }
  })

const mcporter = (stage: Stage) =>
  Effect.gen(function* () {
    const file = yield* stage.write("mcp.json", yield* stage.config("json"))
    const call = (tool: string, ...args: ReadonlyArray<string>) =>
      stage.run(["mcporter", "--config", file, "call", `opencode-fleet.${tool}`, ...args])
    yield* stage.run(["mcporter", "--config", file, "list"])
    yield* call("list_instances")
    yield* call("get_session", "instance=main", `session_id=${stage.fleet.longSession}`)
    for (const { instance, message, session_id } of messages(stage)) {
      yield* call("send_message", `instance=${instance}`, `session_id=${session_id}`, `message=${message}`)
    }
  })

const mcpc = (stage: Stage) =>
  Effect.gen(function* () {
    const file = yield* stage.write("mcp.json", yield* stage.config("json"))
    const call = (tool: string, input: object) =>
      stage.run(["mcpc", "@fleet", "tools-call", tool, JSON.stringify(input)])
    yield* stage.run(["mcpc", "connect", `${file}:opencode-fleet`, "@fleet"])
    yield* stage.run(["mcpc", "@fleet", "tools-list"])
    yield* call("list_instances", {})
    yield* call("get_session", { instance: "main", session_id: stage.fleet.longSession })
    for (const message of messages(stage)) yield* call("send_message", message)
    yield* stage.run(["mcpc", "close", "@fleet"])
  })

export const developerTools: ReadonlyArray<ClientCase> = [
  {
    name: "Inspector --cli",
    package: "@modelcontextprotocol/inspector",
    calls: usualCalls,
    form: "none",
    run: inspect,
  },
  { name: "mcporter", package: "mcporter", calls: usualCalls, form: "none", run: mcporter },
  { name: "mcpc", package: "@apify/mcpc", calls: usualCalls, form: "none", run: mcpc },
]
