/**
 * The scenarios as recorded on the real opencode 2 (`test/recordings/logs/2/`), and the ways in which a client can learn of
 * their turns. There is no model of what opencode 2 stores after each event, so it is known only at the snapshots.
 */
import { Schema } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { tolerantArray } from "../../src/opencode/http/tolerantArray.ts"
import { recognised } from "./recognised.ts"
import { MessageId, SessionId } from "../../src/opencode/Identifiers.ts"
import type { PendingRequest } from "../../src/opencode/requests/PendingRequest.ts"
import * as Turn from "../../src/opencode/turn/Turn.ts"
import { conversation } from "../../src/opencode/v2/conversation.ts"
import { makeRefusedSteps } from "../../src/opencode/v2/refusals.ts"
import { toPermission, toQuestion } from "../../src/opencode/v2/requests.ts"
import { makeTranslator } from "../../src/opencode/v2/translateEvents.ts"
import { WireEntry } from "../../src/opencode/v2/wire/WireMessage.ts"
import { WireForm, WirePermission } from "../../src/opencode/v2/wire/WireRequest.ts"

const bySession = <A>(list: Schema.Codec<A, unknown>) => Schema.Record(Schema.String, list)

const Snapshot = Schema.Struct({
  after: Schema.Int,
  active: Schema.Array(SessionId),
  permissions: bySession(Schema.Array(WirePermission)),
  forms: bySession(Schema.Array(WireForm)),
  /** Newest first. */
  messages: bySession(tolerantArray(WireEntry)),
})
type Snapshot = typeof Snapshot.Type

const Connection = Schema.Struct({ connection: Schema.Literals(["lost", "restored"]) })
const Frame = Schema.StructWithRest(Schema.Struct({ type: Schema.String }), [
  Schema.Record(Schema.String, Schema.Unknown),
])
const isFrame = Schema.is(Frame)

const Scenario = Schema.Struct({
  name: Schema.String,
  opencode: Schema.String,
  session: SessionId,
  turns: Schema.Array(
    Schema.Struct({
      prompt: MessageId,
      begun: Schema.Int,
      outcome: Schema.String,
      text: Schema.String,
      /** Why this differs from opencode 1. */
      because: Schema.optionalKey(Schema.String),
    }),
  ),
  log: Schema.Array(Schema.Union([Connection, Frame])),
  snapshots: Schema.Array(Snapshot),
  end: Snapshot,
})
export type Scenario = typeof Scenario.Type
export type ScenarioTurn = Scenario["turns"][number]

const logs = new URL("../recordings/logs/2/", import.meta.url)

export const scenarios: ReadonlyArray<Scenario> = readdirSync(logs)
  .sort()
  .map((file) => Schema.decodeSync(Schema.fromJsonString(Scenario))(readFileSync(new URL(file, logs), "utf8")))

export const framesOf = ({ log }: Scenario) => log.filter(isFrame)

/** What a client reads for its turn in that snapshot. */
export const storedIn = (
  { active, forms, messages, permissions }: Snapshot,
  session: SessionId,
): Turn.StoredSession => ({
  status: { type: active.includes(session) ? "busy" : "idle" },
  messages: conversation(recognised(messages[session] ?? []).toReversed(), {
    session,
    prompt: undefined,
    idle: undefined,
    worktree: "/recorded/project",
    refused: makeRefusedSteps(),
  }),
  pending: [
    ...Object.values(permissions)
      .flat()
      .map((each): PendingRequest => ({ kind: "permission", request: toPermission(each) })),
    ...Object.values(forms)
      .flat()
      .map((each): PendingRequest => ({ kind: "question", request: toQuestion(each) })),
  ],
})

/** The turn after a part of the log, and whether the reason of a failure was received. */
export interface Station {
  readonly turn: Turn.Turn
  readonly told: boolean
}

export const begin = ({ session }: Scenario, { prompt }: ScenarioTurn): Station => ({
  turn: Turn.begin(session, prompt),
  told: false,
})

/** The stations of a client that connects before the entry `from` and receives all until the entry `to`. */
export const follow = (
  { log }: Scenario,
  { begun }: ScenarioTurn,
  first: Station,
  from: number,
  to: number,
): ReadonlyArray<Station> => {
  let translate = makeTranslator(makeRefusedSteps())
  let { told, turn } = first
  const stations = [first]
  for (const [index, entry] of log.slice(from, to).entries()) {
    if ("connection" in entry) {
      translate = makeTranslator(makeRefusedSteps())
      turn = Turn.missed(turn)
    } else {
      for (const event of translate(entry, "/recorded/project")) {
        if (from + index < begun) continue
        turn = Turn.advance(turn, event)
        told ||= event._tag === "SessionFailed"
      }
    }
    stations.push({ turn, told })
  }
  return stations
}

/** Reads a snapshot after events may have been missed. */
export const read = ({ session }: Scenario, station: Station, snapshot: Snapshot): Station => ({
  ...station,
  turn: Turn.reconcile(station.turn, storedIn(snapshot, session)),
})
