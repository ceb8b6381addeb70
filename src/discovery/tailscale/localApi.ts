/** tailscaled's local API: HTTP over a Unix socket (on Windows a named pipe) of this machine. */
import { Effect, Schema } from "effect"
import { boundedGet } from "../../machine/boundedGet.ts"
import { line } from "../../text/plainText.ts"
import { TailscaleDenied, TailscaleInUse, TailscaleNotUnderstood, TailscaleTimedOut } from "./errors.ts"
import { longestAnswer, mostBytes, tooLarge } from "./limits.ts"

/** There is no socket, or nothing at its other end. */
export class NobodyListens extends Schema.TaggedError<NobodyListens>()("NobodyListens", {
  exists: Schema.Boolean,
  detail: Schema.String,
}) {}

/** It refuses requests for any other host, for they may come from a web page. */
const host = "local-tailscaled.sock"

const path = "/localapi/v0/status"

interface Answer {
  readonly status: number
  readonly body: string
}

const broken = (socket: string, error: Error) => {
  const code = "code" in error ? String(error.code) : ""
  switch (code) {
    case "ENOENT":
      return new NobodyListens({ exists: false, detail: `there is no ${socket}` })
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return new NobodyListens({ exists: true, detail: `nobody answers on ${socket}` })
    case "EACCES":
    case "EPERM":
      return new TailscaleDenied({ detail: `${socket} may not be opened` })
    default:
      return new TailscaleNotUnderstood({ asked: socket, detail: `breaks off: ${line(error.message)}` })
  }
}

const exchange = (socket: string) =>
  boundedGet({ socketPath: socket, path }, { headers: { host }, maxBytes: mostBytes }).pipe(
    Effect.map(({ body, message }): Answer => ({ status: message.statusCode ?? 0, body: body.toString() })),
    Effect.mapError((error) =>
      error._tag === "GetFailed"
        ? broken(socket, error.cause)
        : new TailscaleNotUnderstood({ asked: socket, detail: tooLarge }),
    ),
  )

const judged = Effect.fnUntraced(function* (socket: string, { body, status }: Answer) {
  if (status === 200) return body
  const said = line(body)
  // Also "Tailscale running in server mode (…); connection from … not allowed".
  if (status === 401 && said.startsWith("Tailscale ")) return yield* new TailscaleInUse({ detail: said })
  if (status === 401 || status === 403) return yield* new TailscaleDenied({ detail: said })
  return yield* new TailscaleNotUnderstood({ asked: socket, detail: `answers with status ${status}: ${said}` })
})

/** The status as JSON. */
export const askSocket = (socket: string) =>
  exchange(socket).pipe(
    Effect.timeoutOrElse({
      duration: longestAnswer,
      orElse: () => new TailscaleTimedOut({ asked: socket, within: longestAnswer }),
    }),
    Effect.flatMap((answer) => judged(socket, answer)),
  )
