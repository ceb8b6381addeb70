/** What an instance is called where nobody has named it. */
import { plainLine } from "../PlainText.ts"

/** A registration's name has at most 200 characters (UTF-16 units); the rest is for the `-2` of a second one. */
const longest = 180

/** `chosen`, or machine and directory: `laptop-web-shop`. One printable line in either case. */
export const instanceName = (chosen: string | undefined, host: string, directory: string): string => {
  const named = plainLine(chosen ?? "")
  const last = directory.split(/[/\\]/u).findLast((part) => part !== "") ?? ""
  const [machine = ""] = host.split(".")
  const given =
    named === ""
      ? [machine, last]
          .map(plainLine)
          .filter((part) => part !== "")
          .join("-")
      : named
  return given === "" ? "opencode" : given.slice(0, longest).replace(/[\uD800-\uDBFF]$/u, "")
}
