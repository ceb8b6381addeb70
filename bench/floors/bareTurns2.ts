/** The minimum for a turn of opencode 2: posts the prompt and waits for the end of its execution. */
import { Effect } from "effect"

export const bareClient2 = Effect.fn("bareClient2")(function* (url: string, authorization: string) {
  const waiting = new Map<string, () => void>()
  const signal = yield* Effect.abortSignal
  const headers = { authorization, "content-type": "application/json" }
  const response = yield* Effect.promise(() => fetch(`${url}/api/event`, { signal, headers }))

  const read = async () => {
    let text = ""
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const frames = (text + decoder.decode(chunk, { stream: true })).split("\n\n")
      text = frames.pop() ?? ""
      for (const frame of frames) {
        if (!frame.includes('"session.execution.succeeded"')) continue
        const id = /"sessionID":"(ses_\w+)"/u.exec(frame)?.[1] ?? ""
        waiting.get(id)?.()
        waiting.delete(id)
      }
    }
  }
  read().catch(() => undefined)

  const turn = (session: string, text: string) =>
    Effect.promise(async () => {
      const ended = new Promise<void>((resolve) => waiting.set(session, resolve))
      const body = JSON.stringify({ text })
      const answer = await fetch(`${url}/api/session/${session}/prompt`, { method: "POST", headers, body })
      await answer.text()
      await ended
    })
  return { turn }
})
