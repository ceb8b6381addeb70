/** Asks one instance for its pending requests, its activity and its projects. */
import { type Cause, Clock, Duration, Effect } from "effect"
import { targetOf } from "../../discovery/target.ts"
import type { ClientError } from "../../opencode/errors.ts"
import { type Opencode, OpencodeClient } from "../../opencode/Opencode.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { countingUnreadable, notUnderstood } from "../../opencode/Unreadable.ts"
import { line } from "../../text/plainText.ts"
import type { Instance } from "../Instance.ts"
import type { Online } from "./Online.ts"
import { type PendingReport, waitingRequest } from "./PendingReport.ts"
import type { Quiet } from "./quiet.ts"
import { recentActivity } from "./recentActivity.ts"
import { lastSessionOf, projectsOf } from "./recentWork.ts"

/** Maximum number of directories of an instance that are checked, the most recently used ones. */
const maxDirectories = 5

/** Maximum number of pending requests stored per instance. */
const maxRequests = 5

/** Maximum number of projects stored per instance. */
const maxProjects = 10

const unknownReason = (error: ClientError | Cause.TimeoutError, timeout: Duration.Input) =>
  error._tag === "TimeoutError" ? `no answer within ${Duration.toSeconds(timeout)} s` : line(error.message)

/** An instance that does not answer within `timeout` has an unknown report. */
export const makeAskInstance = Effect.fnUntraced(function* (
  credentials: Credentials | undefined,
  timeout: Duration.Input,
  online: Online,
  quiet: Quiet,
) {
  const client = yield* OpencodeClient

  const activityOf = Effect.fnUntraced(function* (instance: Instance, opencode: Opencode) {
    const { active, broken, newest, own, pending, sessions } = yield* recentActivity(
      opencode,
      instance,
      () => [...online.byUrl.values()],
      maxDirectories,
    )
    const [first] = broken
    // If no directory could be asked, the server is at fault.
    if (first !== undefined && broken.length === new Set(sessions.map(({ directory }) => directory)).size) {
      return yield* first.error
    }
    const titles = new Map(sessions.map(({ id, title }) => [id, title]))
    return {
      newest,
      ...(broken.length === 0
        ? {}
        : { broken: broken.map(({ directory, error }) => ({ directory, reason: line(error.message) })) }),
      requests: pending.map((each) => waitingRequest(titles.get(each.request.sessionID), each)),
      active: active.size,
      lastSession: lastSessionOf(own),
      projects: projectsOf(sessions, active),
    }
  })

  const askForAll = Effect.fnUntraced(function* (instance: Instance, opencode: Opencode, askedAt: number) {
    const generation = online.generationOf(instance)
    const { result, unreadable } = yield* countingUnreadable(activityOf(instance, opencode))
    const { newest, projects, requests, ...rest } = result
    // It may be a pending request, so it is not known that nothing else waits.
    const unknown = notUnderstood(unreadable, instance.health.version)
    const report: PendingReport = {
      ...rest,
      ...(unknown === undefined ? {} : { notUnderstood: `${unknown}; open it in opencode` }),
      askedAt,
      known: true,
      count: requests.length,
      waiting: requests.slice(0, maxRequests),
      projects: projects.slice(0, maxProjects),
      projectCount: projects.length,
    }
    quiet.note(instance.url, report, newest, generation)
    return report
  })

  const report = Effect.fnUntraced(function* (instance: Instance, askedAt: number) {
    const opencode = client.at(targetOf(instance, credentials, instance.health.version))
    const { url } = instance
    if (quiet.mayBe(url, askedAt, online.generationOf(instance))) {
      const known = quiet.reportOf(url, askedAt, yield* opencode.newestSessions(1))
      if (known !== undefined) return known
    }
    return yield* askForAll(instance, opencode, askedAt)
  })

  return Effect.fnUntraced(function* (instance: Instance) {
    const askedAt = yield* Clock.currentTimeMillis
    return yield* report(instance, askedAt).pipe(
      Effect.timeout(timeout),
      Effect.catch((error) => {
        quiet.forget(instance.url)
        return Effect.succeed<PendingReport>({ askedAt, known: false, reason: unknownReason(error, timeout) })
      }),
    )
  })
})
