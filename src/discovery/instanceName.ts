/** Default names of instances. */
import { plainLine } from "../text/plainText.ts"
import { truncate } from "../text/truncate.ts"

const parts = (path: string): ReadonlyArray<string> => path.split(/[/\\]/u).filter((part) => part !== "")

/** A registration's name has at most 200 UTF-16 units; the rest is reserved for suffixes such as `-2`. */
const maxLength = 180

/**
 * `chosen`, or a name made from machine and directory: `laptop-shop`, or `laptop-shop-api` for a directory `api` within the
 * working tree of the project `shop`. One printable line.
 */
export const instanceName = (
  chosen: string | undefined,
  host: string,
  directory: string,
  worktree: string = directory,
): string => {
  const chosenLine = plainLine(chosen ?? "")
  const path = parts(directory)
  const tree = parts(worktree)
  const isInTree = tree.length > 0 && tree.length < path.length && tree.every((part, index) => part === path[index])
  const last = [isInTree ? tree.at(-1) : undefined, path.at(-1)].filter((part) => part !== undefined)
  const [machine = ""] = host.split(".")
  const name =
    chosenLine === ""
      ? [machine, ...last]
          .map(plainLine)
          .filter((part) => part !== "")
          .join("-")
      : chosenLine
  return name === "" ? "opencode" : truncate(name, maxLength)
}
