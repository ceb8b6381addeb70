/** What the scenarios have in common: how a turn is played, and what of it is kept. */
import { Effect } from "effect"
import type { Outcome } from "../../src/opencode/turn/Turn.ts"
import type { Prompted, Snapshot, Stage } from "./Stage.ts"

/** A turn of the log, and what a person who watched it would say of it. */
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
  /** Which instance: one that runs commands, one that asks before, or one that may be killed. */
  readonly on: "allowing" | "asking" | "mortal"
  readonly play: (stage: Stage) => Effect.Effect<Take, unknown>
}

/** One turn that runs to its end by itself. */
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

/** One turn that is aborted when a frame has come. */
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

/** A second prompt, as from a terminal, while the first turn is at work. */
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
