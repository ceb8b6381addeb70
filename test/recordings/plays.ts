/** The common parts of the scenarios: playing a turn, and recording it. */
import { Effect } from "effect"
import type { Outcome } from "../../src/opencode/turn/Turn.ts"
import type { Moment, PermissionReply, Prompted, PromptOptions, Snapshot, Stage } from "./Stage.ts"

/** How a turn must be reported. */
export interface Report {
  readonly outcome: Outcome["_tag"]
  readonly text: string
}

/** Where the report on opencode 2 differs, and why. */
export interface Difference extends Partial<Report> {
  readonly because: string
}

/** A turn of the log, and its expected report. */
export interface RecordedTurn extends Prompted, Report {
  readonly on2?: Difference
}

/** The turn with the report that is expected on that version. */
export const expectedOn =
  (api: 1 | 2) =>
  ({ on2, ...turn }: RecordedTurn): RecordedTurn & Partial<Difference> =>
    api === 1 ? turn : { ...turn, ...on2 }

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

const differing = (on2: Difference | undefined) => (on2 === undefined ? {} : { on2 })

/** One turn that runs to its end. */
export const turn = (
  name: string,
  message: string,
  outcome: Outcome["_tag"],
  text: string,
  options: PromptOptions & { readonly on2?: Difference } = {},
): Scenario => ({
  name,
  on: "allowing",
  play: (stage) =>
    Effect.gen(function* () {
      const { on2, ...selected } = options
      const prompt = yield* stage.prompt(message, selected)
      yield* stage.until(outcome === "failed" ? "a turn failed" : "a turn ended")
      yield* stage.idle
      return { turns: [{ ...prompt, outcome, text, ...differing(on2) }] }
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
  on2?: Difference,
): Scenario => ({
  name,
  on: "asking",
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message)
      const request = yield* stage.pending(kind)
      const waiting = yield* stage.snapshot
      yield* decide(stage, request)
      yield* stage.until("a turn ended")
      yield* stage.idle
      return { turns: [{ ...prompt, outcome, text, ...differing(on2) }], snapshots: [waiting] }
    }),
})

export const reply = (body: PermissionReply) => (stage: Stage, request: string) => stage.replyPermission(request, body)

/** One turn that is aborted at a certain moment. */
export const aborting = (name: string, on: Scenario["on"], message: string, when: Moment, text: string): Scenario => ({
  name,
  on,
  play: (stage) =>
    Effect.gen(function* () {
      const prompt = yield* stage.prompt(message)
      yield* stage.until(when)
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
      yield* stage.until("a turn ended")
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
