/** Where a database is, without user and password. */
import { Option, Redacted } from "effect"
import { line } from "../text/plainText.ts"

const defaultPort = "5432"

const decoded = (text: string) => Option.getOrElse(Option.liftThrowable(decodeURIComponent)(text), () => text)

/** Whether it is the URL of a PostgreSQL database. */
export const isDatabaseUrl = (url: string): boolean =>
  URL.canParse(url) && ["postgres:", "postgresql:"].includes(new URL(url).protocol)

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
