/** The minimum for showing what the agent writes: reads opencode's events, and notes when each tick of the text arrives. */
import { Effect } from "effect"

/** The time of arrival of each tick so far, by its number. */
export const bareDeltas = Effect.fn("bareDeltas")(function* (url: string) {
  const ticks = new Map<number, number>()
  const signal = yield* Effect.abortSignal
  const response = yield* Effect.promise(() => fetch(`${url}/global/event`, { signal }))
  const read = async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const at = performance.now()
      for (const [, tick] of decoder.decode(chunk, { stream: true }).matchAll(/"delta":"tick (\d+) "/gu)) {
        ticks.set(Number(tick), at)
      }
    }
  }
  read().catch(() => undefined)
  return ticks
})
