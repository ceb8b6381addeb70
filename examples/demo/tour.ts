/** The tour: each tool once, with its result. */
import type { Client } from "@modelcontextprotocol/client"
import { Console, Effect, Schema } from "effect"
import type { Machine } from "./machine.ts"
import { style } from "./style.ts"

const textOf = Schema.decodeUnknownSync(
  Schema.Struct({ content: Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.String })) }),
)

const sessionOf = Schema.decodeUnknownSync(
  Schema.Struct({ structuredContent: Schema.Struct({ session: Schema.Struct({ session_id: Schema.String }) }) }),
)

export const tour = Effect.fnUntraced(function* (client: Client, { directory }: Pick<Machine, "directory">) {
  const call = Effect.fnUntraced(function* (why: string, name: string, args: Record<string, unknown> = {}) {
    yield* Console.log(`\n${style("bold", `▌ ${why}`)}\n${style("cyan", `${name} ${JSON.stringify(args)}`)}\n`)
    const result = yield* Effect.promise(() =>
      client.callTool(
        { name, arguments: args },
        {
          onprogress: ({ message = "" }) =>
            process.stdout.write(`${style("dim", `  … ${message.trim().replaceAll("\n", "\n    ")}`)}\n`),
          resetTimeoutOnProgress: true,
        },
      ),
    )
    const text = textOf(result)
      .content.map((part) => part.text)
      .join("\n")
    yield* Console.log(text.replaceAll(/^/gmu, "  "))
    return result
  })

  yield* call("Which instances are running?", "list_instances")
  const { session_id } = sessionOf(
    yield* call("Start a session", "create_session", { title: "Add a shop window", directory }),
  ).structuredContent.session
  yield* call("Send a message: the agent streams, asks for a permission, gets it, and completes", "send_message", {
    session_id,
    message: "tell: I am writing the shop window. | echo '<h1>Shop</h1>' > index.html && ls",
  })
  yield* call("What did it change?", "get_diff", { session_id })
  yield* call("Read the conversation", "get_session", { session_id })
  yield* call("Send a message without waiting", "send_message", {
    session_id: "Add a shop",
    message: "run: rm index.html",
    async: true,
  })
  yield* Effect.sleep("1 second")
  yield* call("Is anything waiting for me?", "get_status")
  yield* call("Refuse a permission", "respond_permission", { session_id, response: "reject" })
  yield* call("Send more work without waiting", "send_message", { session_id, message: "slow: 100", async: true })
  yield* call("List the sessions", "list_sessions")
  yield* call("Abort the turn", "abort_session", { session_id })
  yield* call("How did the turn end?", "wait_for_session", { session_id })
  yield* call("Refresh the fleet now", "refresh_instances")
  yield* Console.log(`\n${style("bold", "That was the fleet.")} README.md says how to add it to your MCP client.`)
})
