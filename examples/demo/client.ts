/** A real MCP client (SDK 2) that starts the built executable, like Claude Code or an IDE. */
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { Console, Effect, FiberSet } from "effect"
import { fileURLToPath } from "node:url"
import type { Machine } from "./machine.ts"
import { style } from "./style.ts"

const executable = fileURLToPath(new URL("../../dist/bin/opencode-fleet.mjs", import.meta.url))

/** Fills in a form. A real client shows it to a person, who may take minutes. */
const fillIn = Effect.fnUntraced(function* (message: string) {
  yield* Console.log(style("yellow", `\n  ┌ The client shows you a form:\n${message.replaceAll(/^/gmu, "  │ ")}`))
  yield* Effect.sleep("1 second")
  yield* Console.log(style("yellow", `  └ You choose: once\n`))
  return { action: "accept" as const, content: { decision: "once" } }
})

export const connect = Effect.fnUntraced(function* ({ home }: Pick<Machine, "home">) {
  const run = yield* FiberSet.makeRuntimePromise()
  const client = new Client({ name: "demo", version: "1.0.0" }, { capabilities: { elicitation: { form: {} } } })
  client.setRequestHandler("elicitation/create", ({ params }) => run(fillIn(params.message)))
  yield* Effect.acquireRelease(
    Effect.promise(() =>
      client.connect(
        new StdioClientTransport({
          command: process.execPath,
          args: [executable],
          env: { PATH: process.env["PATH"] ?? "", HOME: home, LOG_LEVEL: "warn" },
        }),
      ),
    ),
    () => Effect.promise(() => client.close()),
  )
  return client
})
