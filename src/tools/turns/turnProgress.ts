/** Sends the progress of a turn to the caller: new text, tool calls as they start and end, retries, and heartbeats. */
import { Clock, Effect, Equal, Option, Semaphore, Stream } from "effect"
import type { TurnObserver, TurnStage } from "../../opencode/turns/observeTurn.ts"
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

/** Milliseconds. Clients that restart their timeout with each progress notification have timeouts of 60 s or more. */
const heartbeat = 15_000

/** Milliseconds. A shorter wait is not reported, because every prompt is queued while its session's status is read. */
const queueGrace = 1000

/** Maximum characters of new text in one notification. The result contains all of it. */
const maxText = 2000

const retryText = ({ attempt, message, next }: Extract<SessionStatus, { type: "retry" }>, now: number) =>
  `The provider failed (attempt ${attempt}): ${line(message)}. Retrying in ${Math.max(0, Math.ceil((next - now) / 1000))} s, at ${iso(next)}.`

/** The changes since `before`, without the agent's text and requests if the caller shows both itself. */
const lines = (before: Turn | undefined, turn: Turn, now: number, callerShowsText: boolean): ReadonlyArray<string> => {
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
  const opened = [...turn.pending.values()].filter(({ request }) => !(before?.pending.has(request.id) ?? false))
  return [
    ...(callerShowsText || fresh === "" ? [] : [clipStart(plainText(fresh), maxText)]),
    ...changed.map(({ state, tool }) => `${line(tool)} ${state.status}: ${inputText(state.input, 150)}`),
    ...retry,
    ...(callerShowsText ? [] : opened).map((request) => `Waiting for a person: ${line(describe(request), 500)}`),
  ]
}

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
        : "The agent is waiting for a person's decision."

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
      if (before === undefined || text(before) !== text(turn)) lastSent = now
    }
    const news = turn === before ? [] : lines(before, turn, now, watch !== undefined)
    // Reading the stored state can yield a new object for an unchanged turn.
    if (!Equal.equals(turn, before)) lastNews = now
    before = turn
    if (news.length > 0) yield* send(news.join("\n"), now)
    else if (now - lastSent >= heartbeat && (watch === undefined || turn.pending.size === 0)) {
      yield* send(heartbeatText(turn, now - lastNews, now), now)
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
