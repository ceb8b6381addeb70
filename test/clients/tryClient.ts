/** Runs one client against a fleet, and says in a row what came of it. */
import { Effect, Result, Schedule } from "effect"
import { type ClientCase, usualCalls } from "./ClientCase.ts"
import { type CutFacts, cutFactsOf, cutProblems } from "./http/cutOutcome.ts"
import { type Facts, factsOf, problemsOf } from "./judge.ts"
import { type Fleet, makeStage } from "./Stage.ts"

export interface Row {
  readonly name: string
  readonly version: string
  readonly facts: Facts | undefined
  /** Over HTTP only. */
  readonly cut?: CutFacts | undefined
  readonly note?: string | undefined
  readonly isGone: boolean
  readonly problems: ReadonlyArray<string>
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Whether all servers end soon after their client. */
const gone = (pids: ReadonlyArray<number>) =>
  Effect.sync(() => pids.every((pid) => !isAlive(pid))).pipe(
    Effect.repeat({ until: (isGone) => isGone, schedule: Schedule.spaced("100 millis") }),
    Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => Effect.succeed(false) }),
  )

export interface Installation {
  readonly version: string
  readonly bin: string | undefined
}

const shortText = (problem: unknown) => {
  const text = problem instanceof Error ? problem.message : String(problem)
  return text.slice(0, 3000)
}

export const tryClient = (client: ClientCase, { bin, version }: Installation, fleet: Fleet) =>
  Effect.gen(function* () {
    const name = client.name.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-")
    const stage = yield* makeStage({ name, fleet, bin, logsIn: client.logsIn === true })
    const result = yield* client.run(stage).pipe(Effect.scoped, Effect.result)
    const { servers } = yield* stage.recording
    const isGone = yield* gone(servers)
    const recording = yield* stage.recording
    const facts = factsOf(recording, yield* stage.model.results)
    const isCut = client.calls === usualCalls || client.cut !== undefined
    const cut = isCut ? yield* cutFactsOf(stage, recording.exchanges) : undefined
    const texts = yield* fleet.stored(stage.session)
    const isTwice = texts.some((text, index) => text !== "" && texts.indexOf(text) !== index)
    const problems = [
      ...problemsOf(client, facts, recording),
      ...cutProblems(cut, client.cut ?? "resumed"),
      ...(stage.http === undefined ? [] : yield* stage.http.loginProblems),
      ...(isTwice ? ["a message is stored twice"] : []),
      ...(isGone ? [] : ["its server is still running"]),
      ...(Result.isFailure(result) ? [shortText(result.failure)] : []),
    ]
    const note = stage.http === undefined ? undefined : client.note
    const row: Row = { name: client.name, version, facts, cut, note, isGone, problems }
    return row
  }).pipe(Effect.scoped)
