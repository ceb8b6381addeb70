/**
 * Which registrations may go. One that does not answer may be that of a laptop that sleeps, so it has to be certain that
 * its process has ended, or it has to have been silent for long.
 */
import { Duration, type FileSystem, Option } from "effect"
import type { Problem } from "../../discovery/Discovery.ts"
import type { Snapshot } from "../Snapshot.ts"
import { hasEnded } from "../../discovery/hasEnded.ts"
import type { HealthState, Instance } from "../Instance.ts"
import type { LocalMachineValues } from "../../machine/LocalMachine.ts"
import type { Silence } from "./Silence.ts"

/** All that is known when the registrations are judged. */
export interface Evidence {
  /** The relay directory. What lies elsewhere is not judged. */
  readonly directory: string
  /** Its files by path, links as links, as they were before they were read for the snapshot. */
  readonly files: ReadonlyMap<string, FileSystem.File.Info>
  readonly snapshot: Snapshot
  readonly silence: Silence
  /** Epoch milliseconds. */
  readonly now: number
  /** How long one has to have been silent. */
  readonly silentFor: Duration.Duration
  readonly machine: LocalMachineValues
}

export interface Judgement {
  /** Path of the file. */
  readonly file: string
  /** The instance's, or empty where the file is no registration. */
  readonly name: string
  readonly remove: boolean
  readonly reason: string
  /** Since when it has been silent, in epoch milliseconds; only of one that is judged by that. */
  readonly silentSince: number | undefined
}

const answers: ReadonlySet<HealthState> = new Set<HealthState>(["online", "unauthorized", "unhealthy"])

const units = ["days", "hours", "minutes", "seconds"] as const

/** `7 days`, `1 hour 30 minutes`. */
const inWords = (duration: Duration.Duration): string => {
  const parts = Duration.parts(duration)
  const said = units.filter((unit) => parts[unit] > 0).slice(0, 2)
  return said.length === 0
    ? "0 seconds"
    : said.map((unit) => `${parts[unit]} ${parts[unit] === 1 ? unit.slice(0, -1) : unit}`).join(" ")
}

const outcome = (remove: boolean, reason: string, silentSince?: number) => ({ remove, reason, silentSince })

/** The silence counts from when it was first noticed, or from the last writing of the file if that came later. */
const bySilence = ({ health, source }: Instance, written: Option.Option<Date>, evidence: Evidence) => {
  const { now, silence, silentFor } = evidence
  const noted = silence.get(source)
  const since = Math.min(now, Math.max(noted ?? now, Option.match(written, { onNone: () => 0, onSome: Number })))
  const limit = inWords(silentFor)
  const said = `does not answer: ${health.reason}`
  const lasted = Duration.millis(now - since)
  if (Duration.isGreaterThanOrEqualTo(lasted, silentFor)) {
    const short = Duration.isLessThan(lasted, Duration.seconds(1))
    return outcome(true, short ? said : `${said}; silent for ${inWords(lasted)}`, since)
  }
  const noticed = noted === undefined ? "first noticed now" : `silent for ${inWords(lasted)}`
  return outcome(false, `${said}; ${noticed}; removed after ${limit}, or now with --silent-for "0 seconds"`, since)
}

const verdict = (instance: Instance, evidence: Evidence) => {
  const { health, source } = instance
  if (answers.has(health.state)) {
    return outcome(false, health.state === "online" ? "answers" : `answers, if not as it should: ${health.reason}`)
  }
  const info = evidence.files.get(source)
  if (info === undefined) return outcome(false, "is none of the files that were there at the beginning")
  if (info.type !== "File") return outcome(false, "is a link, which is left to whoever made it")
  return hasEnded(evidence.machine)(instance)
    ? outcome(true, `its process ${instance.pid} has ended`)
    : bySilence(instance, info.mtime, evidence)
}

const misfit = ({ reason, source }: Problem): Judgement => ({ file: source, name: "", ...outcome(false, reason) })

/**
 * One judgement for each file that the snapshot speaks of, by path. Files that are no registrations always stay; what
 * other transports have found is not judged.
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
    ...evidence.snapshot.problems.filter(({ source }) => evidence.files.has(source)).map(misfit),
  ].toSorted((one, other) => (one.file < other.file ? -1 : 1))
