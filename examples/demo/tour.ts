/** The tour itself: each tool once, with what it answers. */
import type { Client } from "@modelcontextprotocol/client"
import { Console, Effect, Schema } from "effect"
import { style } from "./style.ts"

const textOf = Schema.decodeUnknownSync(
  Schema.Struct({ content: Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.String })) }),
)

const sessionOf = Schema.decodeUnknownSync(
  Schema.Struct({ structuredContent: Schema.Struct({ session: Schema.Struct({ id: Schema.String }) }) }),
)

export const tour = Effect.fnUntraced(function* (client: Client) {
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

  yield* call("Which agents are there?", "list_instances")
  const { id } = sessionOf(yield* call("A new conversation", "create_session", { title: "Add a shop window" }))
    .structuredContent.session
  yield* call("Give the agent work: it streams, asks for a permission, is allowed, and completes", "send_message", {
    session_id: id,
    message: "tell: I am writing the shop window. | echo '<h1>Shop</h1>' > index.html && ls",
  })
  yield* call("What did it change?", "get_diff", { session_id: id })
  yield* call("Read the conversation", "get_session", { session_id: id })
  yield* call("Longer work: do not wait", "send_message", {
    session_id: "Add a shop",
    message: "run: rm index.html",
    async: true,
  })
  yield* Effect.sleep("1 second")
  yield* call("Anybody waiting for me?", "get_status")
  yield* call("No, leave that file alone", "respond_permission", { session_id: id, response: "reject" })
  yield* call("Longer work still", "send_message", { session_id: id, message: "slow: 100", async: true })
  yield* call("All sessions", "list_sessions")
  yield* call("Enough of that", "abort_session", { session_id: id })
  yield* call("How did the turn end?", "wait_for_session", { session_id: id })
  yield* call("Look again, without waiting for the next round", "refresh_instances")
  yield* Console.log(`\n${style("bold", "That was the fleet.")} README.md says how to add it to your MCP client.`)
})
