/** Tells a caller how a turn gets on: new text as it is written, tools as they start and end, retries, and a sign of life. */
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

/** Clients that restart their time-out with each progress do so after 60 s at the latest. */
const heartbeat = 15_000

/** Every prompt is queued for the moment that looking at its session takes. */
const unmentioned = 1000

/** One notification; a burst of text is cut, for all of it is in the answer. */
const longest = 2000

const retryText = ({ attempt, message, next }: Extract<SessionStatus, { type: "retry" }>, now: number) =>
  `The provider failed (attempt ${attempt}): ${line(message)}. It is asked again in ${Math.max(0, Math.ceil((next - now) / 1000))} s, at ${iso(next)}.`

/** `apart` leaves out what the agent writes and what it asks: the caller shows both itself. */
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
    ...(apart || fresh === "" ? [] : [clipStart(plainText(fresh), longest)]),
    ...changed.map(({ state, tool }) => `${line(tool)} ${state.status}: ${inputText(state.input, 150)}`),
    ...retry,
    ...(apart ? [] : asked).map((request) => `Waits for a person: ${line(describe(request), 500)}`),
  ]
}

const queued = (ahead: number) =>
  ahead === 1
    ? "Waiting for the turn that runs in the session."
    : `Waiting in the session's queue: ${ahead} turns come first.`

/** Says no more than is known: an instance that hangs sends nothing either. */
const signOfLife = ({ lost, pending }: Turn, silence: number) =>
  lost
    ? "No contact with the instance; it is tried again."
    : pending.size === 0
      ? `Still waiting; nothing new from the agent for ${Math.floor(silence / 1000)} s.`
      : "The agent waits for a person's decision."

/** An observer of one turn: called with how far it has got, it sends what is new since it was last called. */
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
      if (!silent() && (stage.ahead === ahead || now - began < unmentioned)) return
      ahead = stage.ahead
      return yield* send(queued(ahead), now)
    }
    const { turn } = stage
    if (watch !== undefined && turn !== before) {
      yield* watch(turn)
      if (before === undefined || text(before) !== text(turn)) lastSent = now
    }
    const fresh = turn === before ? [] : lines(before, turn, now, watch !== undefined)
    // A look at what is stored makes a new value of a turn in which nothing has changed.
    if (!Equal.equals(turn, before)) lastNews = now
    before = turn
    if (fresh.length > 0) yield* send(fresh.join("\n"), now)
    else if (silent() && (watch === undefined || turn.pending.size === 0)) {
      yield* send(signOfLife(turn, now - lastNews), now)
    }
  })
})
