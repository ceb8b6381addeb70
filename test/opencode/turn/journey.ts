/**
 * How a client may come to know a turn of a recording: what it hears at once or late, what it misses while its
 * connection is broken, and when it looks at what is stored. Any such journey must end with the same turn.
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
  /** opencode says so many things, and the client takes them in with all that it had not yet taken in. */
  Schema.Struct({ step: Schema.Literal("hear"), count: some }),
  /** opencode says so many things, and the client is busy with something else. */
  Schema.Struct({ step: Schema.Literal("lag"), count: some }),
  /** The connection is gone while so many things are said; then the client looks, and `more` are said meanwhile. */
  Schema.Struct({ step: Schema.Literal("lose"), count: some, more: few }),
  /** The client looks at what is stored; the answer is so many entries old when it takes it in. */
  Schema.Struct({ step: Schema.Literal("look"), age: few }),
])
export type Step = typeof Step.Type

/** The turn after some of the journey, and what it may go by. */
export interface Station {
  readonly turn: Turn.Turn
  /** How many entries of the log had been written when the newest thing that it knows was said or read. */
  readonly known: number
  /** Whether all was heard in order and nothing twice, up to now. */
  readonly whole: boolean
  /** Whether an error of the session was heard: some are stored nowhere. */
  readonly told: boolean
}

/** The stations of a journey, and how it ends: with the connection standing, or cut off and only looking. */
export const travels = (recording: Recording, { begun, prompt }: RecordedTurn) => {
  const all = memories(recording)
  const { log, session } = recording
  // An answer may be older than what was heard while one waited for it, but not from before the turn that is at work.
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

/** The messages of the agent that belong to the turn: those that begin before the session is idle for the first time. */
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
 * After how many entries the turn may be called over at the earliest: all that its agent writes is as it stays, and the
 * session is idle or at work on another prompt. Where the agent writes nothing, as soon as the reason is said.
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
