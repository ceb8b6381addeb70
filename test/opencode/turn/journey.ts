/**
 * The ways in which a client can learn of a recorded turn: events at once or late, events missed while the connection is
 * broken, and reads of what is stored at any time. Each such journey must end with the same turn.
 */
import { Schema } from "effect"
import * as Turn from "../../../src/opencode/turn/Turn.ts"
import {
  conversation,
  heard,
  memories,
  type Memory,
  type RecordedTurn,
  type Recording,
  storedOf,
} from "../../support/Recording.ts"

const few = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))
const some = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 }))

export const Step = Schema.Union([
  /** opencode sends `count` events, and the client processes them and all that are waiting. */
  Schema.Struct({ step: Schema.Literal("hear"), count: some }),
  /** opencode sends `count` events, and the client does not process them yet. */
  Schema.Struct({ step: Schema.Literal("lag"), count: some }),
  /** The connection is broken for `count` events; then the client reads, and `more` events are sent meanwhile. */
  Schema.Struct({ step: Schema.Literal("lose"), count: some, more: few }),
  /** The client reads what is stored; the answer is `age` entries old when it is processed. */
  Schema.Struct({ step: Schema.Literal("look"), age: few }),
])
export type Step = typeof Step.Type

/** The turn after a part of the journey, and what it is based on. */
export interface Station {
  readonly turn: Turn.Turn
  /** The number of log entries up to the newest one that the turn knows of. */
  readonly known: number
  /** Whether all events were received in order and once so far. */
  readonly whole: boolean
  /** Whether an error of the session was received: some are stored nowhere. */
  readonly told: boolean
}

/** The stations of a journey, and its two ends: connected, or cut off and only reading. */
export const travels = (recording: Recording, { begun, prompt }: RecordedTurn) => {
  const all = memories(recording)
  const { log, session } = recording
  // An answer can be older than events that arrived meanwhile, but not older than the start of the turn.
  const oldest = [
    all.findIndex(({ messages }) => messages.has(prompt)),
    all.findIndex(({ messages, status }) => messages.has(prompt) && status.has(session)),
  ]
  return (steps: ReadonlyArray<Step>) => {
    let station: Station = { turn: Turn.begin(session, prompt), known: begun, whole: true, told: false }
    const stations = [station]
    let said = begun
    let taken = begun

    const reach = (next: Partial<Station>) => {
      station = { ...station, ...next }
      stations.push(station)
    }
    const seenAt = (moment: number): Partial<Station> => {
      const memory = all[moment]
      return memory === undefined
        ? {}
        : {
            turn: Turn.reconcile(station.turn, storedOf(memory, session)),
            known: Math.max(station.known, moment),
            whole: station.whole && moment === taken,
          }
    }
    const lookAt = (moment: number) => reach(seenAt(moment))
    const takeIn = () => {
      for (; taken < said; taken++) {
        const entry = log[taken]
        const event = entry === undefined ? undefined : heard(entry)
        if (event !== undefined) {
          reach({
            turn: Turn.advance(station.turn, event),
            known: Math.max(station.known, taken + 1),
            told: station.told || event._tag === "SessionFailed",
          })
        } else if (entry !== undefined && "connection" in entry && entry.connection === "restored") {
          reach({ turn: Turn.missed(station.turn), whole: false })
          lookAt(taken + 1)
        }
      }
    }
    const speak = (count: number) => {
      said = Math.min(log.length, said + count)
    }

    for (const step of steps) {
      switch (step.step) {
        case "hear":
          speak(step.count)
          takeIn()
          break
        case "lag":
          speak(step.count)
          break
        case "lose":
          takeIn()
          speak(step.count)
          taken = said
          speak(step.more)
          reach({ turn: Turn.missed(station.turn), whole: false })
          lookAt(said)
          break
        case "look":
          lookAt(Math.max(begun, ...oldest.filter((moment) => moment <= station.known), said - step.age))
          break
      }
    }
    const cut: Station = { ...station, ...seenAt(log.length) }
    speak(log.length)
    takeIn()
    lookAt(log.length)
    return { stations, cut, connected: station }
  }
}

/** The assistant messages of the turn: those that begin before the session is idle for the first time. */
const answersOf = ({ log, session }: Recording, begun: number) => {
  const events = log.slice(begun).map(heard)
  const idle = events.findIndex(
    (event) => event?._tag === "StatusChanged" && event.status.type === "idle" && event.sessionID === session,
  )
  return new Set(
    events
      .slice(0, idle < 0 ? undefined : idle)
      .flatMap((event) => (event?._tag === "MessageChanged" && event.info.role === "assistant" ? [event.info] : []))
      .filter(({ sessionID }) => sessionID === session)
      .map(({ id }) => id),
  )
}

/**
 * The number of log entries after which the turn may have an outcome at the earliest: its messages are final, and the
 * session is idle or busy with another prompt. Without an answer: as soon as the reason was sent.
 */
export const settled = (recording: Recording, { begun, prompt }: RecordedTurn): number => {
  const all = memories(recording)
  const { log, session, turns } = recording
  const others = new Set<string>(turns.map((turn) => turn.prompt).filter((id) => id !== prompt))
  const answers = answersOf(recording, begun)
  const written = (memory: Memory) =>
    JSON.stringify(
      conversation(memory, session).filter(
        ({ info }) => answers.has(info.id) && info.role === "assistant" && !others.has(info.parentID),
      ),
    )
  const final = written(all.at(-1) ?? { status: new Map(), messages: new Map(), requests: new Map() })
  const reason = log.findIndex((entry, index) => index >= begun && heard(entry)?._tag === "SessionFailed")
  const settledAt = all.findIndex(
    (memory, moment) =>
      moment >= begun &&
      written(memory) === final &&
      (final === "[]"
        ? moment > reason
        : !memory.status.has(session) ||
          conversation(memory, session).some(({ info }) => info.role === "assistant" && others.has(info.parentID))),
  )
  return settledAt < 0 ? Number.POSITIVE_INFINITY : settledAt
}
