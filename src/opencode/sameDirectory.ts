/** Whether two spellings of a directory mean the same one: the announced directory, and the one that a server reports. */
import { Effect } from "effect"
import { plainLine } from "../text/plainText.ts"
import { RealPath } from "../machine/RealPath.ts"

/** An absolute path of Unix or Windows. Anything else, such as `~/shop`, cannot be compared. */
export const isAbsolute = (directory: string) => /^(?:\/|\\\\|[A-Za-z]:[\\/])/u.test(directory)

/** On these, the file system usually ignores case: a home directory of macOS, a drive of Windows. */
const ignoresCase = /^(?:\/Users\/|[A-Za-z]:[\\/]|\\\\)/u

/** One separator, none at the end, and without macOS's `/private` before `/tmp` and `/var`. */
const normalised = (directory: string): string => {
  // Announcements hold one printable line, whatever the directory is called.
  const path = plainLine(directory)
    .replaceAll(/[\\/]+/gu, "/")
    .replace(/(?<=.)\/$/u, "")
    .replace(/^\/private(?=\/(?:tmp|var|etc)(?:\/|$))/u, "")
  return ignoresCase.test(directory) ? path.toLowerCase() : path
}

const lastPart = (directory: string) => normalised(directory).split("/").at(-1)?.toLowerCase()

/**
 * `isLocal`: whether both may be directories of this machine, so that links can be followed. On another machine, two paths
 * with the same last part may be one directory behind a link, so they count as the same.
 */
export const isSameDirectory = Effect.fnUntraced(function* (announced: string, reported: string, isLocal: boolean) {
  if (!isAbsolute(announced) || !isAbsolute(reported) || normalised(announced) === normalised(reported)) return true
  const realPath = isLocal ? yield* RealPath : () => Effect.undefined
  const [one, other] = yield* Effect.all([realPath(announced), realPath(reported)], { concurrency: "unbounded" })
  return one === undefined || other === undefined ? lastPart(announced) === lastPart(reported) : one === other
})
