/**
 * Decides which registrations are removed. An instance that does not answer may be on a sleeping laptop, so a registration
 * is removed only if its process has certainly ended, or after a long silence.
 */
import { Duration, type FileSystem, Option } from "effect"
import type { Problem } from "../../discovery/Discovery.ts"
import type { Snapshot } from "../Snapshot.ts"
import { hasExited } from "../../discovery/hasExited.ts"
import type { HealthState, Instance } from "../Instance.ts"
import type { LocalMachineValues } from "../../machine/LocalMachine.ts"
import type { Silence } from "./Silence.ts"

/** Everything that the decision depends on. */
export interface Evidence {
  /** The relay directory. Other files are not judged. */
  readonly directory: string
  /** Its files by path (links are not followed), read before the snapshot. */
  readonly files: ReadonlyMap<string, FileSystem.File.Info>
  readonly snapshot: Snapshot
  readonly silence: Silence
  /** Epoch milliseconds. */
  readonly now: number
  /** How long an instance must have been silent. */
  readonly silentFor: Duration.Duration
  readonly machine: LocalMachineValues
}

export interface Judgement {
  /** Path of the file. */
  readonly file: string
  /** The instance's name; empty if the file is not a registration. */
  readonly name: string
  readonly remove: boolean
  readonly reason: string
  /** The start of the silence in epoch milliseconds; undefined if the decision does not depend on it. */
  readonly silentSince: number | undefined
}

const answers: ReadonlySet<HealthState> = new Set<HealthState>(["online", "unauthorized", "unhealthy"])

const units = ["days", "hours", "minutes", "seconds"] as const

/** `7 days`, `1 hour 30 minutes`. */
const durationText = (duration: Duration.Duration): string => {
  const parts = Duration.parts(duration)
  const shownUnits = units.filter((unit) => parts[unit] > 0).slice(0, 2)
  return shownUnits.length === 0
    ? "0 seconds"
    : shownUnits.map((unit) => `${parts[unit]} ${parts[unit] === 1 ? unit.slice(0, -1) : unit}`).join(" ")
}

const outcome = (remove: boolean, reason: string, silentSince?: number) => ({ remove, reason, silentSince })

/** Silence starts when it was first noticed, or when the file was last written, whichever is later. */
const bySilence = ({ health, source }: Instance, written: Option.Option<Date>, evidence: Evidence) => {
  const { now, silence, silentFor } = evidence
  const noted = silence.get(source)
  const since = Math.min(now, Math.max(noted ?? now, Option.match(written, { onNone: () => 0, onSome: Number })))
  const limit = durationText(silentFor)
  const reason = `does not answer: ${health.reason}`
  const lasted = Duration.millis(now - since)
  if (Duration.isGreaterThanOrEqualTo(lasted, silentFor)) {
    const short = Duration.isLessThan(lasted, Duration.seconds(1))
    return outcome(true, short ? reason : `${reason}; silent for ${durationText(lasted)}`, since)
  }
  const duration = noted === undefined ? "first noticed now" : `silent for ${durationText(lasted)}`
  return outcome(
    false,
    `${reason}; ${duration}; removed after ${limit} of silence, or now with --silent-for "0 seconds"`,
    since,
  )
}

const verdict = (instance: Instance, evidence: Evidence) => {
  const { health, source } = instance
  // Also if its process has ended: the recorded process id may be out of date, as when a supervisor restarts opencode.
  if (answers.has(health.state)) {
    return outcome(false, health.state === "online" ? "answers" : `answers, but is ${health.state}: ${health.reason}`)
  }
  const info = evidence.files.get(source)
  if (info === undefined) return outcome(false, "was written after prune started")
  if (info.type !== "File") return outcome(false, "is not a regular file; remove it yourself")
  return hasExited(evidence.machine)(instance)
    ? outcome(true, `its process ${instance.pid} has ended`)
    : bySilence(instance, info.mtime, evidence)
}

const keepProblem = ({ reason, source }: Problem): Judgement => ({ file: source, name: "", ...outcome(false, reason) })

/**
 * One judgement for each file of the relay directory in the snapshot, sorted by path. Files that are not registrations
 * are always kept. Instances found by other transports are not judged.
 */
export const judge = (evidence: Evidence): ReadonlyArray<Judgement> =>
  [
    ...evidence.snapshot.instances
      .filter(({ transport }) => transport === "local-relay")
      .map((instance): Judgement => ({
        file: instance.source,
        name: instance.name,
        ...verdict(instance, evidence),
      })),
    ...evidence.snapshot.problems
      .filter(({ source }) => evidence.files.has(source))
      .filter(({ source }) => evidence.snapshot.instances.every((instance) => instance.source !== source))
      .map(keepProblem),
  ].toSorted((one, other) => (one.file < other.file ? -1 : 1))
