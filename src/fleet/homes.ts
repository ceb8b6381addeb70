/** Which opencode 1 server a directory belongs to: those of one user share their sessions, and each has a directory of its own. */
import { Effect, Option } from "effect"
import type { Opencode } from "../opencode/Opencode.ts"
import { isWithin } from "../opencode/sessions/isWithin.ts"
import type { Placed, Session } from "../opencode/sessions/Session.ts"
import { countingUnreadable } from "../opencode/Unreadable.ts"
import { type Instance, isOnline } from "./Instance.ts"

/** The name of the machine, which transports announce with or without its domain. Empty if it is not known. */
export const machineOf = ({ host }: Instance) => host.split(".")[0]?.toLowerCase() ?? ""

/** Whether two online instances may be servers of one user: of one version, and as far as is known on one machine. */
export const mayShare = (one: Instance, other: Instance): boolean =>
  one.name !== other.name &&
  isOnline(other) &&
  other.health.api === one.health.api &&
  (machineOf(one) === machineOf(other) || machineOf(one) === "" || machineOf(other) === "")

const depth = ({ directory = "" }: Instance) => directory.length

/** The instance whose directory is the innermost one that holds the directory. */
const innermost = (instances: ReadonlyArray<Instance>, directory: string): Instance | undefined =>
  instances
    .filter((instance) => instance.directory !== undefined && isWithin(directory, instance.directory))
    .reduce<Instance | undefined>(
      (best, next) => (best === undefined || depth(next) > depth(best) ? next : best),
      undefined,
    )

/**
 * The instance that a session belongs to. A session in no instance's directory, such as one in a worktree, belongs where the
 * other `sessions` of its project are.
 */
const homeOf = (instances: ReadonlyArray<Instance>, sessions: ReadonlyArray<Placed>) => {
  const byDirectory = new Map<string, Instance | undefined>()
  const within = (directory: string) => {
    if (!byDirectory.has(directory)) byDirectory.set(directory, innermost(instances, directory))
    return byDirectory.get(directory)
  }
  let byProject: Map<string, Instance> | undefined
  /** The outermost instance of each project, so that the answer does not depend on the order of the sessions. */
  const projectHomes = () => {
    const homes = new Map<string, Instance>()
    for (const { directory, project } of sessions) {
      const home = project === undefined ? undefined : within(directory)
      if (project === undefined || home === undefined) continue
      const before = homes.get(project)
      if (before === undefined || depth(home) < depth(before)) homes.set(project, home)
    }
    return homes
  }
  return ({ directory, project }: Placed): Instance | undefined =>
    within(directory) ?? (project === undefined ? undefined : (byProject ??= projectHomes()).get(project))
}

/** {@link homeOf}. Asks for the projects that opencode knows only if those of the sessions are not enough. */
export const knownHomes = Effect.fnUntraced(function* (
  { projects }: Pick<Opencode, "projects">,
  instances: ReadonlyArray<Instance>,
  sessions: ReadonlyArray<Placed>,
) {
  const home = homeOf(instances, sessions)
  if (sessions.every((session) => session.project === undefined || home(session) !== undefined)) return home
  const known = yield* Effect.option(countingUnreadable(projects))
  return Option.match(known, {
    onNone: () => home,
    onSome: ({ result }) => homeOf(instances, [...sessions, ...result]),
  })
})

/** The sessions without those of other opencode 1 servers, which shows them, too. */
export const ownSessions = Effect.fnUntraced(function* (
  opencode: Pick<Opencode, "projects">,
  one: Instance,
  instances: ReadonlyArray<Instance>,
  sessions: ReadonlyArray<Session>,
) {
  // Most sessions are in the instance's own directory, and in a large fleet the others take long to compare.
  if (one.health.api !== 1 || sessions.every(({ directory }) => directory === one.directory)) return sessions
  const others = instances.filter((other) => mayShare(one, other))
  if (others.length === 0) return sessions
  const home = yield* knownHomes(opencode, [one, ...others], sessions)
  return sessions.filter((session) => session.directory === one.directory || (home(session) ?? one).name === one.name)
})
