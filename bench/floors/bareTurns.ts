/** The minimum for a turn: posts the prompt and waits for the idle event. */
import { Effect } from "effect"

export const bareClient = Effect.fn("bareClient")(function* (url: string) {
  const waiting = new Map<string, () => void>()
  const signal = yield* Effect.abortSignal
  const response = yield* Effect.promise(() => fetch(`${url}/global/event`, { signal }))

  const read = async () => {
    let text = ""
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split("\n\n")
      text = lines.pop() ?? ""
      for (const line of lines) {
        if (!line.includes('"session.idle"')) continue
        const id = /"sessionID":"(ses_\w+)"/u.exec(line)?.[1] ?? ""
        waiting.get(id)?.()
        waiting.delete(id)
      }
    }
  }
  read().catch(() => undefined)

  const turn = (session: string, text: string) =>
    Effect.promise(async () => {
      const idle = new Promise<void>((resolve) => waiting.set(session, resolve))
      await fetch(`${url}/session/${session}/prompt_async`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ parts: [{ type: "text", text }] }),
      })
      await idle
    })
  return { turn }
})
