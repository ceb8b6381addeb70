/** Reports the progress of a turn: new text, tool calls as they start and end, retries, and a heartbeat. */
import { Clock, Effect, Equal, Option } from "effect"
import type { Stage } from "../../opencode/turns/observeTurn.ts"
import { describe } from "../../opencode/requests/PendingRequest.ts"
import type { SessionStatus } from "../../opencode/sessions/Session.ts"
import type { Turn } from "../../opencode/turn/Turn.ts"
import { text, toolCalls } from "../../opencode/turn/Turn.ts"
import { line, plainText } from "../../text/plainText.ts"
import type { CallValues } from "../../mcp/Call.ts"
import { inputText } from "../sessions/conversationView.ts"
import { clipStart } from "../shared/markdown.ts"
import { TurnWatcher } from "./TurnWatcher.ts"
import { iso } from "../shared/time.ts"

/** Milliseconds. Clients that restart their timeout with each progress message use a timeout of at least 60 s. */
const heartbeat = 15_000

/** Milliseconds. Every prompt is queued briefly while its session is checked; a shorter wait is not reported. */
const minQueueTime = 1000

/** Maximum characters of one message. A burst of text is clipped, because the answer holds all of it. */
const maxLength = 2000

const retryText = ({ attempt, message, next }: Extract<SessionStatus, { type: "retry" }>, now: number) =>
  `The provider failed (attempt ${attempt}): ${line(message)}. Retrying in ${Math.max(0, Math.ceil((next - now) / 1000))} s, at ${iso(next)}.`

/** `apart` leaves out the agent's text and requests, because the caller shows both itself. */
const lines = (before: Turn | undefined, turn: Turn, now: number, apart: boolean): ReadonlyArray<string> => {
  const seen = before === undefined ? "" : text(before)
  const written = text(turn)
  const fresh = written.startsWith(seen) ? written.slice(seen.length) : written
  const states = new Map((before === undefined ? [] : toolCalls(before)).map(({ id, state }) => [id, state.status]))
  const changed = toolCalls(turn).filter(
    ({ id, state }) => state.status !== "pending" && states.get(id) !== state.status,
  )
  const { status } = turn
  const retry =
    status.type === "retry" && (before?.status.type !== "retry" || before.status.attempt !== status.attempt)
      ? [retryText(status, now)]
      : []
  const asked = [...turn.pending.values()].filter(({ request }) => !(before?.pending.has(request.id) ?? false))
  return [
    ...(apart || fresh === "" ? [] : [clipStart(plainText(fresh), maxLength)]),
    ...changed.map(({ state, tool }) => `${line(tool)} ${state.status}: ${inputText(state.input, 150)}`),
    ...retry,
    ...(apart ? [] : asked).map((request) => `Waiting for a person: ${line(describe(request), 500)}`),
  ]
}

const queued = (ahead: number) =>
  ahead === 1
    ? "The session is busy. Your message is sent when its current turn ends."
    : `The session is busy. Your message is sent after ${ahead} other turns.`

/** States only what is known: an instance that hangs sends nothing either. */
const heartbeatText = ({ lost, pending }: Turn, silence: number) =>
  lost
    ? "No contact with the instance; reconnecting."
    : pending.size === 0
      ? `Still waiting; nothing new from the agent for ${Math.floor(silence / 1000)} s.`
      : "The agent is waiting for a person's decision."

/** Makes the observer of one turn. Each time it is called, it sends what is new since the last call. */
export const reporter = Effect.fnUntraced(function* (call: Pick<CallValues, "wantsProgress" | "progress">) {
  const watch = Option.getOrUndefined(yield* TurnWatcher)
  let before: Turn | undefined
  let ahead = 0
  let progress = 0
  const began = yield* Clock.currentTimeMillis
  let lastSent = began
  let lastNews = began
  const send = Effect.fnUntraced(function* (message: string, now: number) {
    lastSent = now
    yield* call.progress({ progress: ++progress, message })
  })

  return Effect.fnUntraced(function* (stage: Stage) {
    if (!call.wantsProgress) return
    const now = yield* Clock.currentTimeMillis
    const silent = () => now - lastSent >= heartbeat
    if (stage._tag === "Queued") {
      if (!silent() && (stage.ahead === ahead || now - began < minQueueTime)) return
      ahead = stage.ahead
      return yield* send(queued(ahead), now)
    }
    const { turn } = stage
    if (watch !== undefined && turn !== before) {
      yield* watch(turn)
      if (before === undefined || text(before) !== text(turn)) lastSent = now
    }
    const fresh = turn === before ? [] : lines(before, turn, now, watch !== undefined)
    // Reconciling with what is stored makes a new value even of an unchanged turn.
    if (!Equal.equals(turn, before)) lastNews = now
    before = turn
    if (fresh.length > 0) yield* send(fresh.join("\n"), now)
    else if (silent() && (watch === undefined || turn.pending.size === 0)) {
      yield* send(heartbeatText(turn, now - lastNews), now)
    }
  })
})
