/** The directory in which a new session works. */
import { Array, Effect } from "effect"
import type { ClientError } from "../../opencode/errors.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import { isAbsolute } from "../../opencode/sameDirectory.ts"
import { withoutSlash } from "../../opencode/sessions/isWithin.ts"
import { DirectoryRequired, InvalidParameter } from "../shared/InvalidParameter.ts"

/** Maximum number of sessions whose directories are considered, newest first. */
const maxSessions = 200

/**
 * The directory of a new session: the given one, else the one that the instance was announced with, else that of all its
 * sessions if there is only one. Undefined for a server with a directory of its own.
 */
export const sessionDirectory = Effect.fnUntraced(function* (
  instance: string,
  opencode: Opencode,
  given: string | undefined,
  announced: string | undefined,
): Effect.fn.Return<string | undefined, ClientError | InvalidParameter | DirectoryRequired> {
  if (given !== undefined) {
    const directory = given.trim()
    if (isAbsolute(directory)) return withoutSlash(directory)
    const detail = "it must be an absolute path on the machine of the instance"
    return yield* new InvalidParameter({ parameter: "directory", value: given, detail })
  }
  if (opencode.capabilities.statusScope === "directory") return undefined
  if (announced !== undefined) return announced
  const sessions = yield* opencode.newestSessions(maxSessions)
  const projects = Array.dedupe(sessions.flatMap((one) => (one.parentID === undefined ? [one.directory] : [])))
  const [only, ...others] = projects
  return only !== undefined && others.length === 0 ? only : yield* new DirectoryRequired({ instance, projects })
})
