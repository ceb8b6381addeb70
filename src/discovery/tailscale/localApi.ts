/** Reads the status from tailscaled's local API: HTTP over a Unix socket, or over a named pipe on Windows. */
import { Effect, Schema } from "effect"
import { exchange } from "../../machine/httpExchange.ts"
import { line } from "../../text/plainText.ts"
import { TailscaleDenied, TailscaleInUse, TailscaleNotUnderstood, TailscaleTimedOut } from "./errors.ts"
import { statusTimeout, maxBytes, tooLarge } from "./limits.ts"

/** The socket does not exist, or nothing listens on it. */
export class SocketUnavailable extends Schema.TaggedError<SocketUnavailable>()("SocketUnavailable", {
  exists: Schema.Boolean,
  detail: Schema.String,
}) {}

/** tailscaled refuses requests for any other host, because they may come from a web page. */
const host = "local-tailscaled.sock"

const path = "/localapi/v0/status"

interface Answer {
  readonly status: number
  readonly body: string
}

const socketError = (socket: string, error: Error) => {
  const code = "code" in error ? String(error.code) : ""
  switch (code) {
    case "ENOENT":
      return new SocketUnavailable({ exists: false, detail: `there is no ${socket}` })
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return new SocketUnavailable({ exists: true, detail: `nothing listens on ${socket}` })
    case "EACCES":
    case "EPERM":
      return new TailscaleDenied({ detail: `${socket} may not be opened` })
    default:
      return new TailscaleNotUnderstood({ origin: socket, detail: `closed the connection: ${line(error.message)}` })
  }
}

const request = (socket: string) =>
  exchange({ address: { socketPath: socket, path }, headers: { host }, maxBytes }).pipe(
    Effect.map(({ body, message }): Answer => ({ status: message.statusCode ?? 0, body: body.toString() })),
    Effect.mapError((error) =>
      error._tag === "ExchangeFailed"
        ? socketError(socket, error.cause)
        : new TailscaleNotUnderstood({ origin: socket, detail: tooLarge }),
    ),
  )

const parseAnswer = Effect.fnUntraced(function* (socket: string, { body, status }: Answer) {
  if (status === 200) return body
  const text = line(body)
  // Also "Tailscale running in server mode (…); connection from … not allowed".
  if (status === 401 && text.startsWith("Tailscale ")) return yield* new TailscaleInUse({ detail: text })
  if (status === 401 || status === 403) return yield* new TailscaleDenied({ detail: text })
  return yield* new TailscaleNotUnderstood({ origin: socket, detail: `answered with status ${status}: ${text}` })
})

/** The status as JSON text. */
export const readFromSocket = (socket: string) =>
  request(socket).pipe(
    Effect.timeoutOrElse({
      duration: statusTimeout,
      orElse: () => new TailscaleTimedOut({ origin: socket, within: statusTimeout }),
    }),
    Effect.flatMap((answer) => parseAnswer(socket, answer)),
  )
