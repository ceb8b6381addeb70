/**
 * Sends the progress of a turn to the caller: the text so far, tool calls as they start and end, retries, and heartbeats.
 *
 * Clients show the newest notification only, so each stands alone: one line, which ends with the end of the text so far.
 */
import { Clock, Effect, Equal, Option, Semaphore, Stream } from "effect"
import type { TurnObserver, TurnStage } from "../../opencode/turns/observeTurn.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import type { SessionStatus } from "../../opencode/sessions/Session.ts"
import type { Turn } from "../../opencode/turn/Turn.ts"
import { text, toolCalls } from "../../opencode/turn/Turn.ts"
import { line, plainLine } from "../../text/plainText.ts"
import { truncateStart } from "../../text/truncate.ts"
import type { CallValues } from "../../mcp/Call.ts"
import { inputText } from "../sessions/conversationView.ts"
import { TurnWatcher } from "./TurnWatcher.ts"
import { iso } from "../shared/time.ts"

/** Milliseconds. Clients that restart their timeout with each progress notification have timeouts of 60 s or more. */
const heartbeat = 15_000

/** Milliseconds. A shorter wait is not reported, because every prompt is queued while its session's status is read. */
const queueGrace = 1000

/** Maximum characters of the text so far. The result contains all of it. */
const maxText = 200

/** Enough characters to find that many in them, unless nearly all of them are white space. */
const maxSearched = 20 * maxText

/** The end of the agent's text, in whole words on one line. Empty if there is none. */
const textSoFar = (turn: Turn): string => {
  const written = text(turn)
  const end = plainLine(truncateStart(written, maxSearched))
  if (end.length <= maxText && written.length <= maxSearched) return end
  const kept = truncateStart(end, maxText)
  return `… ${kept.slice(kept.indexOf(" ") + 1)}`
}

const retryText = ({ attempt, message, next }: Extract<SessionStatus, { type: "retry" }>, now: number) =>
  `The provider failed (attempt ${attempt}): ${line(message)}. Retrying in ${Math.max(0, Math.ceil((next - now) / 1000))} s, at ${iso(next)}.`

/** The tool calls, retries and requests that are new since `before`; only the retries if the caller shows the turn itself. */
const eventsSince = (
  before: Turn | undefined,
  turn: Turn,
  now: number,
  callerShowsTurn: boolean,
): ReadonlyArray<string> => {
  const states = new Map((before === undefined ? [] : toolCalls(before)).map(({ id, state }) => [id, state.status]))
  const changed = toolCalls(turn).filter(
    ({ id, state }) => state.status !== "pending" && states.get(id) !== state.status,
  )
  const { status } = turn
  const retry =
    status.type === "retry" && (before?.status.type !== "retry" || before.status.attempt !== status.attempt)
      ? [retryText(status, now)]
      : []
  if (callerShowsTurn) return retry
  const opened = [...turn.pending.values()].filter(({ request }) => !(before?.pending.has(request.id) ?? false))
  return [
    ...changed.map(({ state, tool }) => `${line(tool)} ${state.status}: ${inputText(state.input, 150)}`),
    ...retry,
    ...opened.map(waitingText),
  ]
}

/** What a caller that shows the turn itself has shown of it. */
const shown = (turn: Turn) => [text(turn), ...toolCalls(turn).map(({ state }) => state.status)].join("\n")

const waitingText = (request: PendingRequest) => `Waiting for a person: ${describe(request)}`

const queued = (ahead: number) =>
  ahead === 1
    ? "The session is busy. Your message is sent when its current turn ends."
    : `The session is busy. Your message is sent after ${ahead} other turns.`

/** States only what is known, because a hanging instance sends nothing either. */
const heartbeatText = ({ isMissingEvents, pending, status }: Turn, silence: number, now: number) =>
  isMissingEvents
    ? "No contact with the instance; reconnecting."
    : status.type === "retry"
      ? retryText(status, now)
      : pending.size === 0
        ? `Still waiting; nothing new from the agent for ${Math.floor(silence / 1000)} s.`
        : [...pending.values()].map(waitingText).slice(0, 1).join("")

/**
 * Sends the progress of one turn. `report` sends what is new in a stage, or a heartbeat if nothing was sent for 15 s;
 * `observe` calls it when the stage changes and when a heartbeat is due.
 */
export const makeProgressReporter = Effect.fnUntraced(function* (call: Pick<CallValues, "wantsProgress" | "progress">) {
  const watch = Option.getOrUndefined(yield* TurnWatcher)
  const oneAtATime = yield* Semaphore.make(1)
  const started = yield* Clock.currentTimeMillis
  let newest: TurnStage | undefined
  let before: Turn | undefined
  let reportedAhead = 0
  let progress = 0
  let lastSent = started
  let lastNews = started
  /** A caller that shows the turn itself has a line for each event. */
  const withText = (turn: Turn, events: ReadonlyArray<string>) =>
    watch === undefined ? [...events, textSoFar(turn)].filter((text) => text !== "").join(" · ") : events.join("\n")
  const send = Effect.fnUntraced(function* (message: string, now: number) {
    lastSent = now
    yield* call.progress({ progress: ++progress, message })
  })

  const report = Effect.fnUntraced(function* (stage: TurnStage) {
    if (!call.wantsProgress) return
    newest = stage
    const now = yield* Clock.currentTimeMillis
    const isHeartbeatDue = now - lastSent >= heartbeat
    if (stage._tag === "Queued") {
      if (!isHeartbeatDue && (stage.turnsAhead === reportedAhead || now - started < queueGrace)) return
      reportedAhead = stage.turnsAhead
      return yield* send(queued(stage.turnsAhead), now)
    }
    const { turn } = stage
    if (watch !== undefined && turn !== before) {
      yield* watch(turn)
      if (before === undefined || shown(before) !== shown(turn)) lastSent = now
    }
    const events = turn === before ? [] : eventsSince(before, turn, now, watch !== undefined)
    const hasNewText = watch === undefined && text(turn) !== (before === undefined ? "" : text(before))
    // Reading the stored state can yield a new object for an unchanged turn.
    if (!Equal.equals(turn, before)) lastNews = now
    before = turn
    if (events.length > 0 || hasNewText) yield* send(withText(turn, events), now)
    else if (now - lastSent >= heartbeat && (watch === undefined || turn.pending.size === 0)) {
      yield* send(withText(turn, [heartbeatText(turn, now - lastNews, now)]), now)
    }
  }, oneAtATime.withPermit)

  const heartbeats = Effect.gen(function* () {
    yield* Effect.sleep(queueGrace)
    while (true) {
      if (newest !== undefined) yield* report(newest)
      const untilDue = lastSent + heartbeat - (yield* Clock.currentTimeMillis)
      yield* Effect.sleep(untilDue > 0 ? untilDue : 1000)
    }
  })

  const observe: TurnObserver = (stages) => Effect.raceFirst(Stream.runForEach(stages, report), heartbeats)
  return { report, observe }
})
