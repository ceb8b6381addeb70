/** Validates the announcements of a scan. An invalid one becomes a problem. */
import { quote } from "../text/plainText.ts"
import type { Announcement, Problem, Scan } from "./Discovery.ts"

/** Why the URL cannot be used, if so. A URL that may hold a password is not repeated. */
const urlProblem = (url: unknown): string | undefined => {
  if (typeof url !== "string") return "announces an instance without a URL"
  const shown = url.includes("@") ? "a URL" : quote(url)
  if (!URL.canParse(url))
    return `announces ${shown}, which is not a valid URL; it needs one such as http://127.0.0.1:4096`
  const { password, protocol, username } = new URL(url)
  if (protocol !== "http:" && protocol !== "https:") {
    return `announces ${shown}, which does not begin with http:// or https://`
  }
  return username === "" && password === ""
    ? undefined
    : "announces a URL that contains credentials; they belong in the credentials option"
}

const announcementProblem = ({ aliases = [], name, transport, url }: Announcement): string | undefined => {
  if (typeof name !== "string" || name.trim() === "") return "announces an instance without a name"
  if (typeof transport !== "string" || transport === "") return `announces ${quote(name)} without naming its transport`
  return [url, ...aliases].map(urlProblem).find((problem) => problem !== undefined)
}

/** The scan without invalid announcements. Each of them adds a problem with its own source, or else `source`. */
export const validated = (scan: Scan, source: string): Scan => {
  const announcements: Array<Announcement> = []
  const problems: Array<Problem> = [...scan.problems]
  for (const announcement of scan.announcements) {
    const reason = announcementProblem(announcement)
    if (reason === undefined) announcements.push(announcement)
    else problems.push({ source: announcement.source || source, reason })
  }
  return announcements.length === scan.announcements.length ? scan : { ...scan, announcements, problems }
}
