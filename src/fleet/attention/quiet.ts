/**
 * Recognises an instance at which nothing can have begun to wait for a person, by one small request.
 *
 * opencode updates a session before it runs a turn there. So as long as the most recently updated session and its time of
 * update are the same, no turn has begun since. This was measured with both versions, in old sessions and in other
 * directories: for prompts, commands, subagents, permissions, questions and reverts (`test/e2e/subagent.test.ts` repeats the turns). opencode 1
 * runs two things without an update, a person's shell command and the summary of a session. Neither waits for a person, but
 * both count as active, so an instance is not called quiet for longer than {@link maxQuiet}.
 */
import type { Session } from "../../opencode/sessions/Session.ts"
import type { PendingReport } from "./PendingReport.ts"

/**
 * Milliseconds after which an update that led to a turn shows as one. Measured: 30 on an idle machine, 700 on one with thirty
 * times the work that it has processors for.
 */
const settlesAfter = 5000

/** Milliseconds after which everything is asked again. */
const maxQuiet = 120_000

interface Look {
  readonly report: PendingReport
  readonly mark: string
  /** When this mark was first seen. */
  readonly since: number
  /** See `Online`. Which sessions belong to an instance depends on others. */
  readonly generation: string
}

/** `sessions` as `newestSessions` lists them. */
const markOf = ([newest]: ReadonlyArray<Session>) => (newest === undefined ? "" : `${newest.id} ${newest.time.updated}`)

const isIdle = (report: PendingReport) =>
  report.known &&
  report.active === 0 &&
  report.count === 0 &&
  report.broken === undefined &&
  report.notUnderstood === undefined

export interface Quiet {
  /** Whether its last report shows an instance that is quiet if its newest session is still the same. */
  readonly mayBe: (url: string, now: number, generation: string) => boolean
  /** Its last report, asked for now, if `newest` shows that it is still quiet. */
  readonly reportOf: (url: string, now: number, newest: ReadonlyArray<Session>) => PendingReport | undefined
  /** `newest` are the sessions that the report is about. They were listed before their statuses. */
  readonly note: (url: string, report: PendingReport, newest: ReadonlyArray<Session>, generation: string) => void
  readonly forget: (url: string) => void
  /** Forgets the others. */
  readonly keep: (urls: ReadonlySet<string>) => void
}

export const makeQuiet = (): Quiet => {
  const looks = new Map<string, Look>()
  return {
    mayBe: (url, now, generation) => {
      const look = looks.get(url)
      return (
        look !== undefined &&
        look.generation === generation &&
        isIdle(look.report) &&
        look.report.askedAt - look.since >= settlesAfter &&
        now - look.report.askedAt < maxQuiet
      )
    },
    reportOf: (url, now, newest) => {
      const look = looks.get(url)
      return look?.mark === markOf(newest) ? { ...look.report, askedAt: now } : undefined
    },
    note: (url, report, newest, generation) => {
      const mark = markOf(newest)
      const before = looks.get(url)
      looks.set(url, { report, mark, since: before?.mark === mark ? before.since : report.askedAt, generation })
    },
    forget: (url) => void looks.delete(url),
    keep: (urls) => {
      for (const url of looks.keys()) if (!urls.has(url)) looks.delete(url)
    },
  }
}
