/** Why an ssh connection failed, from what ssh and the other machine printed. */
import { line } from "../../text/plainText.ts"

export interface Printed {
  readonly on: "stdout" | "stderr"
  readonly text: string
}

/** ssh's own failure, or a remote command that was killed. */
const sshFailed = 255

/** ssh prints it after the login. What it has printed before may be the other machine's banner. */
const authenticated = /^Authenticated to /u

const statistics = /^(?:Transferred: sent|Bytes per second: sent) /u

/** Messages of ssh that explain the last one. ssh has no translations. */
const sshMessage =
  /^(?:ssh: |kex_|client_loop|Load key |Bad |No \S+ host key|Host key |Connection |Timeout|Could not |Error: |Warning: (?:remote port|Identity)|channel \d|bind |mux_|Unable to negotiate|command-line)|Permission denied \(|forwarding failed|Too many authentication failures|Name or service|Connection (?:refused|reset|closed|timed out)|: line \d+: /iu

/** Words of a remote program that explain the last ones. */
const trouble = /\b(?:error|fatal|denied|cannot|not|invalid|unrecogni[sz]ed|unknown|failed|expired|locked|disabled)\b/iu

const maxLines = 5

/** The last line, and those shortly before it that explain it. */
const explained = (texts: ReadonlyArray<string>, explains: RegExp): string =>
  texts
    .slice(-maxLines)
    .filter((text, index, all) => index === all.length - 1 || explains.test(text))
    .join("; ")

/**
 * The reason in ssh's words if ssh failed, otherwise in the last words of the other machine; empty if there are none.
 * `status` is undefined while ssh is running.
 */
export const lastWords = (printed: ReadonlyArray<Printed>, status: number | undefined): string => {
  const words = printed
    .map(({ on, text }) => ({ on, text: line(text) }))
    .filter(({ on, text }) => text !== "" && !(on === "stderr" && statistics.test(text)))
  const login = words.findLastIndex(({ on, text }) => on === "stderr" && authenticated.test(text))
  // Only a program on the other machine prints on stdout.
  const remote = words.filter(({ on }, index) => index > login && (login >= 0 || on === "stdout"))
  if (status !== sshFailed && remote.length > 0) {
    return explained(
      remote.map(({ text }) => text),
      trouble,
    )
  }
  const texts = words.slice(login + 1).map(({ text }) => text)
  return explained(texts, sshMessage)
}
