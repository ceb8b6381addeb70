/** The common parts of the scenarios: playing a turn, and recording it. */
import { Effect } from "effect"
import type { Outcome } from "../../src/opencode/turn/Turn.ts"
import type { Prompted, Snapshot, Stage } from "./Stage.ts"

/** A turn of the log, and its expected report. */
export interface RecordedTurn extends Prompted {
  readonly outcome: Outcome["_tag"]
  readonly text: string
}

export interface Take {
  readonly turns: ReadonlyArray<RecordedTurn>
  /** Of moments in the middle. */
  readonly snapshots?: ReadonlyArray<Snapshot>
}

export interface Scenario {
  readonly name: string
  /** The kind of instance: it runs commands, asks before it runs them, or may be killed. */
  readonly on: "allowing" | "asking" | "mortal"
  readonly play: (stage: Stage) => Effect.Effect<Take, unknown>
}

/** One turn that runs to its end. */
export const turn = (
  name: string,
  message: string,
  outcome: Outcome["_tag"],
  text: string,
  options?: Readonly<Record<string, unknown>>,
): Scenario => ({
  name,
  on: "allowing",
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message, options)
      yield* outcome === "failed" ? stage.seen("session.error") : stage.seen("session.idle")
      yield* stage.idle
      return { turns: [{ ...prompt, outcome, text }] }
    }),
})

/** One turn that asks a person, with a snapshot while it waits. */
export const asking = (
  kind: "permission" | "question",
  name: string,
  message: string,
  decide: (stage: Stage, request: string) => Effect.Effect<unknown, unknown>,
  outcome: Outcome["_tag"],
  text: string,
): Scenario => ({
  name,
  on: "asking",
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message)
      const request = yield* stage.pending(kind)
      const waiting = yield* stage.snapshot
      yield* decide(stage, request)
      yield* stage.seen("session.idle")
      yield* stage.idle
      return { turns: [{ ...prompt, outcome, text }], snapshots: [waiting] }
    }),
})

export const reply = (body: unknown) => (stage: Stage, request: string) => stage.replyPermission(request, body)

/** One turn that is aborted after a certain frame. */
export const aborting = (
  name: string,
  on: Scenario["on"],
  message: string,
  when: Parameters<Stage["seen"]>,
  text: string,
): Scenario => ({
  name,
  on,
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message)
      yield* stage.seen(...when)
      const before = yield* stage.snapshot
      yield* stage.abort
      yield* stage.idle
      return { turns: [{ ...prompt, outcome: "aborted", text }], snapshots: [before] }
    }),
})

/** A second prompt, as from a terminal, while the first turn is running. */
export const meeting = (
  name: string,
  on: Scenario["on"],
  message: string,
  meet: (stage: Stage) => Effect.Effect<{ other: Prompted; snapshots?: ReadonlyArray<Snapshot> }, unknown>,
  first: string,
  second: string,
): Scenario => ({
  name,
  on,
  play: (stage) =>
    Effect.gen(function* () {
      const one = yield* stage.prompt(message)
      const { other, snapshots = [] } = yield* meet(stage)
      yield* stage.seen("session.idle")
      yield* stage.idle
      return {
        turns: [
          { ...one, outcome: "completed", text: first },
          { ...other, outcome: "completed", text: second },
        ],
        snapshots,
      }
    }),
})
