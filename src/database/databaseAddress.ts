/** Where a database is, without user and password. */
import { Option, Redacted } from "effect"
import { line } from "../text/plainText.ts"

const defaultPort = "5432"

const decoded = (text: string) => Option.getOrElse(Option.liftThrowable(decodeURIComponent)(text), () => text)

/**
 * Whether a `/`, `?` or `#` ended what comes before the host, so that a part of the password would be taken for the host's
 * port and the database. It must be written as `%2F`, `%3F` or `%23`.
 */
const isPasswordCut = ({ hash, pathname, searchParams }: URL): boolean =>
  [hash, pathname, ...searchParams.keys()].some((part) => part.includes("@"))

/** Whether it is the URL of a PostgreSQL database. */
export const isDatabaseUrl = (url: string): boolean => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return parsed !== undefined && ["postgres:", "postgresql:"].includes(parsed.protocol) && !isPasswordCut(parsed)
}

/** Such as `db.example.com:5432/fleet`. */
export const databaseAddress = (url: Redacted.Redacted): string => {
  const text = Redacted.value(url)
  if (!isDatabaseUrl(text)) return "an address that is not a PostgreSQL URL"
  const { hostname, pathname, port, searchParams } = new URL(text)
  const host = searchParams.get("host") ?? (hostname === "" ? "localhost" : decoded(hostname))
  const name = searchParams.get("dbname") ?? decoded(pathname.slice(1))
  const shownPort = searchParams.get("port") ?? (port === "" ? defaultPort : port)
  return line(`${host}:${shownPort}${name === "" ? "" : `/${name}`}`)
}
