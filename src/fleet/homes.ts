/** Which opencode 1 server a directory belongs to: those of one user share their sessions, and each has a directory of its own. */
import { isWithin } from "../opencode/sessions/isWithin.ts"
import { type Instance, isOnline } from "./Instance.ts"

/** The name of the machine, which transports announce with or without its domain. */
const machineOf = ({ host }: Instance) => host.split(".")[0]?.toLowerCase() ?? ""

/** Whether two online instances may be servers of one user: of one version, and as far as is known on one machine. */
export const mayShare = (one: Instance, other: Instance): boolean =>
  one.name !== other.name &&
  isOnline(other) &&
  other.health.api === one.health.api &&
  (machineOf(one) === machineOf(other) || machineOf(one) === "" || machineOf(other) === "")

const depth = ({ directory = "" }: Instance) => directory.length

/** The instance whose directory is the innermost one that holds the directory. */
export const innermost = (instances: ReadonlyArray<Instance>, directory: string): Instance | undefined =>
  instances
    .filter((instance) => instance.directory !== undefined && isWithin(directory, instance.directory))
    .reduce<Instance | undefined>(
      (best, next) => (best === undefined || depth(next) > depth(best) ? next : best),
      undefined,
    )

/** Whether the sessions of a directory are the instance's, and not those of another opencode 1 server, which shows them. */
export const isHome = (one: Instance, instances: ReadonlyArray<Instance>): ((directory: string) => boolean) => {
  if (one.health.api !== 1) return () => true
  let all: ReadonlyArray<Instance> | undefined
  // Most sessions are in the instance's own directory, and in a large fleet the others take long to compare.
  return (directory) =>
    directory === one.directory ||
    (innermost((all ??= [one, ...instances.filter((other) => mayShare(one, other))]), directory) ?? one).name ===
      one.name
}
