/** Shows what comes in a conversation, from the instance's events, across turns and broken connections. */
import { Effect } from "effect"
import type { Absence } from "../../fleet/absence.ts"
import type { Notices } from "../../opencode/events/InstanceEvents.ts"
import type { TurnEvent } from "../../opencode/events/TurnEvent.ts"
import type { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import type { Message, MessageInfo, ReasoningPart, TextPart } from "../../opencode/sessions/Message.ts"
import { persistently } from "../../opencode/turns/storedTurn.ts"
import { isStreaming } from "../../opencode/turn/state.ts"
import { line } from "../../text/plainText.ts"
import type { Origin } from "../../tools/requests/askPerson.ts"
import { failedBecause, failedWithToolError } from "../process/exitStatus.ts"
import type { ConversationScreen } from "./conversationScreen.ts"
import { whileAway } from "./whileAway.ts"

/** Messages read after events were missed. */
const readAgain = 50

interface Following {
  readonly origin: Origin
  readonly notices: Notices
  readonly screen: ConversationScreen
  /** The messages that are shown already. */
  readonly before: ReadonlyArray<Message>
  /** Asked while there is no contact. */
  readonly readAbsence: Effect.Effect<Absence>
}

/** Ends with an error, or when the instance answers at another address. */
export const followConversation = Effect.fnUntraced(function* ({
  before,
  notices,
  origin: { opencode, session, target },
  readAbsence,
  screen,
}: Following) {
  const infos = new Map<MessageId, MessageInfo>()
  /** Texts that are being streamed, as far as they are known from their beginning. */
  const texts = new Map<string, TextPart | ReasoningPart>()
  /** Texts of which a part was missed: they are shown when they are complete. */
  const gaps = new Set<string>()
  /** Those whose beginning was missed, until this is said. */
  const unannounced = new Set<string>()
  const family = new Set<SessionId>([session.id])
  /** Set while there is no contact. */
  let away: ReturnType<typeof whileAway> | undefined

  /** Remembers a stored message. A text that streams was missed in part. */
  const remember = ({ info, parts }: Message) => {
    infos.set(info.id, info)
    if (info.role === "user" || info.time.completed !== undefined) return
    for (const part of parts) {
      if (!isStreaming(part) || texts.has(part.id) || gaps.has(part.id)) continue
      gaps.add(part.id)
      if (part.type === "text") unannounced.add(part.id)
    }
  }
  for (const message of before) remember(message)

  const show = Effect.fnUntraced(function* (message: Message) {
    remember(message)
    const isFinal = message.info.role === "user" || message.info.time.completed !== undefined
    const parts = isFinal ? message.parts : message.parts.filter((part) => !isStreaming(part))
    yield* screen.message({ info: message.info, parts })
  })

  const showRequests = persistently(pendingRequestsOf(opencode, session)).pipe(
    Effect.flatMap((pending) => Effect.forEach(pending, screen.request, { discard: true })),
  )

  /** Shows what was stored meanwhile. */
  const catchUp = Effect.gen(function* () {
    const { messages } = yield* persistently(opencode.messages(session.id, { limit: readAgain }))
    const known = messages.findIndex(({ info }) => infos.has(info.id))
    yield* Effect.forEach(messages.slice(Math.max(0, known)), show, { discard: true })
    yield* showRequests
  }).pipe(
    Effect.catchIf(
      ({ _tag }) => _tag !== "SessionNotFound",
      // It is read again when the connection is back.
      ({ message }) => screen.note(line(message, 500)),
    ),
    Effect.mapError(() => failedBecause(`Session ${session.id} is gone from ${target.instance}.`)),
  )

  const missed = () => {
    for (const id of texts.keys()) gaps.add(id)
    texts.clear()
  }

  const onPart = Effect.fnUntraced(function* ({ part }: Extract<TurnEvent, { _tag: "PartChanged" }>) {
    const info = infos.get(part.messageID)
    if (info === undefined) return
    if (info.role === "assistant" && isStreaming(part)) {
      // Events repeat a streaming text as far as it is stored, which can be less than what was streamed.
      if (texts.has(part.id) || gaps.has(part.id)) return
      texts.set(part.id, part)
    } else {
      texts.delete(part.id)
      gaps.delete(part.id)
    }
    yield* screen.part(info, part, info.role === "user")
  })

  const onMessage = Effect.fnUntraced(function* (info: MessageInfo) {
    const isNew = !infos.has(info.id)
    infos.set(info.id, info)
    if (info.role === "assistant") return yield* screen.ended(info)
    // Not every version of opencode reports the text of a message.
    if (isNew)
      yield* Effect.flatMap(Effect.option(opencode.message(session.id, info.id)), (read) =>
        read._tag === "Some" ? show(read.value) : Effect.void,
      )
  })

  const onEvent = Effect.fnUntraced(function* (event: TurnEvent) {
    switch (event._tag) {
      case "SubagentStarted":
        if (family.has(event.parentID)) family.add(event.sessionID)
        return
      case "SessionDeleted":
        if (event.sessionID === session.id) {
          return yield* failedBecause(`Session ${session.id} was deleted from ${target.instance}.`)
        }
        return
      case "SessionStale":
        if (event.sessionID === session.id) yield* catchUp
        return
      case "StateDropped":
        missed()
        return yield* catchUp
      case "MessageChanged":
        if (event.info.sessionID === session.id) yield* onMessage(event.info)
        return
      case "PartChanged":
        return yield* onPart(event)
      case "TextDelta": {
        const [part, info] = [texts.get(event.partID), infos.get(event.messageID)]
        if (part === undefined || info === undefined) {
          if (!unannounced.delete(event.partID)) return
          return yield* screen.note("The agent is writing a text, which is shown when it is complete.")
        }
        const longer = { ...part, text: part.text + event.delta }
        texts.set(event.partID, longer)
        return yield* screen.part(info, longer, false)
      }
      case "StatusChanged":
        if (event.sessionID === session.id && event.status.type === "retry") {
          yield* screen.note(`The provider failed (attempt ${event.status.attempt}): ${line(event.status.message)}`)
        }
        return
      case "RequestOpened":
        // A subagent may have been started before this command.
        return yield* family.has(event.pending.request.sessionID)
          ? screen.request(event.pending)
          : Effect.ignore(showRequests)
      case "SessionFailed":
      case "RequestSettled":
      case "Connected":
      case "Heartbeat":
        return
    }
  })

  yield* showRequests.pipe(Effect.ignore)
  while (true) {
    const notice = yield* away === undefined ? notices.take : Effect.raceFirst(notices.take, away)
    if (notice === undefined) return
    switch (notice._tag) {
      case "Event":
        yield* onEvent(notice.event)
        break
      case "Lost":
        // Trying again does not help.
        if (notice.error._tag === "Unauthorized") return yield* failedWithToolError(notice.error)
        if (away === undefined) yield* screen.note(`No contact with ${target.instance}; reconnecting.`)
        away ??= whileAway(target.instance, readAbsence, screen.note)
        missed()
        break
      case "Reconnected":
        if (away !== undefined) yield* screen.note(`Connected to ${target.instance} again.`)
        away = undefined
        missed()
        yield* catchUp
        break
      case "Missed":
        missed()
        yield* catchUp
        break
      case "Settled":
        yield* catchUp
        break
    }
  }
})
