/** Validates the announcements of a scan. An invalid one becomes a problem. */
import { Predicate } from "effect"
import { line, plainLine, quote } from "../text/plainText.ts"
import type { Announcement, Problem, Scan } from "./Discovery.ts"

/** In characters, as in a registration. */
const maxNameLength = 200

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

/** A `Discovery` of an embedding program may be written in JavaScript, so the types are not relied on. */
const announcementProblem = (announcement: Announcement): string | undefined => {
  if (!Predicate.isObject(announcement)) return "announces something that is not an object"
  const { aliases = [], name, transport, url } = announcement
  if (typeof name !== "string" || plainLine(name) === "") return "announces an instance without a name"
  if (!Array.isArray(aliases)) return `announces ${quote(name)} with aliases that are not a list of URLs`
  if (typeof transport !== "string" || transport === "") return `announces ${quote(name)} without naming its transport`
  return [url, ...aliases].map(urlProblem).find((problem) => problem !== undefined)
}

/** Names and hosts are shown to people and to models: one line, without control characters. */
const withPlainNames = (announcement: Announcement): Announcement => {
  const name = line(announcement.name, maxNameLength)
  const host = typeof announcement.host === "string" ? line(announcement.host, maxNameLength) : ""
  return name === announcement.name && host === announcement.host ? announcement : { ...announcement, name, host }
}

/** The scan without invalid announcements. Each of them adds a problem with its own source, or else `source`. */
export const validated = (scan: Scan, source: string): Scan => {
  if (!Predicate.isObject(scan) || !Array.isArray(scan.announcements)) {
    return { announcements: [], problems: [{ source, reason: "did not return a list of announcements" }] }
  }
  const announcements: Array<Announcement> = []
  const problems: Array<Problem> = [...(scan.problems ?? [])]
  for (const announcement of scan.announcements) {
    const reason = announcementProblem(announcement)
    if (reason === undefined) announcements.push(withPlainNames(announcement))
    else problems.push({ source: announcement?.source || source, reason })
  }
  return { ...scan, announcements, problems }
}
