/** What an instance is called where nobody has named it. */
import { plainLine } from "../text/plainText.ts"
import { truncate } from "../text/truncate.ts"

const parts = (path: string): ReadonlyArray<string> => path.split(/[/\\]/u).filter((part) => part !== "")

/** A registration's name has at most 200 characters (UTF-16 units); the rest is for the `-2` of a second one. */
const longest = 180

/**
 * `chosen`, or machine and directory: `laptop-web-shop`, and for one within a project's working tree
 * `laptop-web-shop-api`. One printable line in either case.
 */
export const instanceName = (
  chosen: string | undefined,
  host: string,
  directory: string,
  worktree: string = directory,
): string => {
  const named = plainLine(chosen ?? "")
  const where = parts(directory)
  const tree = parts(worktree)
  const inside = tree.length > 0 && tree.length < where.length && tree.every((part, index) => part === where[index])
  const last = [inside ? tree.at(-1) : undefined, where.at(-1)].filter((part) => part !== undefined)
  const [machine = ""] = host.split(".")
  const given =
    named === ""
      ? [machine, ...last]
          .map(plainLine)
          .filter((part) => part !== "")
          .join("-")
      : named
  return given === "" ? "opencode" : truncate(given, longest)
}
