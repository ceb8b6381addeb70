/** Translates opencode 1's events into `TurnEvent`s. */
import { Array, Effect, Predicate, Schema } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { TurnEvent } from "../events/TurnEvent.ts"
import { quote } from "../../text/plainText.ts"
import { signOfLife } from "../http/eventStream.ts"
import { WireFrame } from "./wire/WireEvent.ts"

const heartbeat: TurnEvent = { _tag: "Heartbeat" }

/** Each frame is one event. An event that does not concern turns becomes a heartbeat. */
export const translateEvent = (event: WireFrame["payload"]): TurnEvent => {
  switch (event.type) {
    case "server.connected":
      return { _tag: "Connected" }
    case "server.instance.disposed":
      return { _tag: "StateDropped" }
    case "session.created":
    case "session.updated": {
      const { id, parentID } = event.properties.info
      return parentID === undefined ? heartbeat : { _tag: "SubagentStarted", sessionID: id, parentID }
    }
    case "session.deleted":
      return { _tag: "SessionDeleted", sessionID: event.properties.info.id }
    case "session.status":
      return { _tag: "StatusChanged", ...event.properties }
    case "session.idle":
      return { _tag: "StatusChanged", sessionID: event.properties.sessionID, status: { type: "idle" } }
    case "session.error": {
      const { error, sessionID } = event.properties
      return error === undefined || sessionID === undefined
        ? heartbeat
        : { _tag: "SessionFailed", sessionID, failure: error }
    }
    case "message.updated":
      return { _tag: "MessageChanged", info: event.properties.info }
    case "message.part.updated": {
      const { part } = event.properties
      return part.type === "unrecognised" ? heartbeat : { _tag: "PartChanged", part }
    }
    case "message.part.delta": {
      const { delta, field, messageID, partID } = event.properties
      return field === "text" ? { _tag: "TextDelta", messageID, partID, delta } : heartbeat
    }
    case "permission.asked":
      return { _tag: "RequestOpened", pending: { kind: "permission", request: event.properties } }
    case "question.asked":
      return { _tag: "RequestOpened", pending: { kind: "question", request: event.properties } }
    case "permission.replied":
    case "question.replied":
    case "question.rejected":
      return { _tag: "RequestSettled", ...event.properties }
    case "server.heartbeat":
    case "unrecognised":
      return heartbeat
  }
}

const decodeFrame = Schema.decodeUnknownSync(WireFrame)

const typeOf = (raw: unknown) => (Predicate.hasProperty(raw, "type") ? String(raw.type) : "")

/** An event of another type or shape is a heartbeat. */
export const translateFrames = (
  frames: NonEmptyReadonlyArray<unknown>,
): Effect.Effect<NonEmptyReadonlyArray<TurnEvent>> =>
  Effect.suspend(() => {
    const unknown = new Set<string>()
    const events = Array.map(frames, (frame) => {
      if (frame === signOfLife) return heartbeat
      const { payload } = decodeFrame(frame)
      if (payload.type === "unrecognised") unknown.add(typeOf(payload.raw))
      return translateEvent(payload)
    })
    if (unknown.size === 0) return Effect.succeed(events)
    return Effect.as(Effect.logDebug(`events are not understood: ${quote([...unknown].join(", "))}`), events)
  })
