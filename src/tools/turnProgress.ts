/** Tells a caller how a turn gets on: new text as it is written, tools as they start and end, retries, and a sign of life. */
import { Clock, Effect, Option } from "effect"
import type { Turn } from "../opencode/Turn.ts"
import { text, toolCalls } from "../opencode/Turn.ts"
import { line, plainText } from "../PlainText.ts"
import type { CallValues } from "./Call.ts"
import { inputText } from "./conversationView.ts"
import { clipStart } from "./render/markdown.ts"

/** Clients that restart their time-out with each progress do so after 60 s at the latest. */
const heartbeat = 15_000

/** One notification; a burst of text is cut, for all of it is in the answer. */
const longest = 2000

const lines = (before: Turn | undefined, now: Turn): ReadonlyArray<string> => {
  const seen = before === undefined ? "" : text(before)
  const written = text(now)
  const fresh = written.startsWith(seen) ? written.slice(seen.length) : written
  const states = new Map((before === undefined ? [] : toolCalls(before)).map(({ id, state }) => [id, state.status]))
  const changed = toolCalls(now).filter(
    ({ id, state }) => state.status !== "pending" && states.get(id) !== state.status,
  )
  const retry =
    now.status.type === "retry" && (before?.status.type !== "retry" || before.status.attempt !== now.status.attempt)
      ? [`The provider failed and is asked again (attempt ${now.status.attempt}): ${line(now.status.message)}`]
      : []
  return [
    ...(fresh === "" ? [] : [clipStart(plainText(fresh), longest)]),
    ...changed.map(({ state, tool }) => `${line(tool)} ${state.status}: ${inputText(state.input, 150)}`),
    ...retry,
  ]
}

/** An observer of one turn: called with the turn as it stands, it sends what is new since it was last called. */
export const reporter = Effect.fnUntraced(function* (call: Pick<CallValues, "wantsProgress" | "progress">) {
  let before: Turn | undefined
  let progress = 0
  let lastSent = yield* Clock.currentTimeMillis
  const send = (message: string) => Effect.suspend(() => call.progress({ progress: ++progress, message }))

  return Effect.fnUntraced(function* (current: Option.Option<Turn>) {
    if (!call.wantsProgress) return
    const now = yield* Clock.currentTimeMillis
    const turn = Option.getOrUndefined(current)
    const fresh = turn === undefined || turn === before ? [] : lines(before, turn)
    before = turn
    if (fresh.length > 0) yield* send(fresh.join("\n"))
    else if (now - lastSent >= heartbeat) {
      yield* send(turn === undefined ? "Waiting for the turn that runs in the session." : "The agent is working.")
    } else return
    lastSent = now
  })
})
