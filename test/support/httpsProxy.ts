/**
 * A user's own proxy in front of an opencode: https with a certificate of its own, below a path, and only for requests with a
 * secret header. It removes the header and passes everything else on.
 */
import { Effect, FileSystem } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { request as requestTo } from "node:http"
import { createServer } from "node:https"
import { listening } from "./loopback.ts"

export interface HttpsProxy {
  readonly url: string
  /** Path of its certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificate: string
}

/** Forwards to `target`, an origin. Closes with the scope. Needs `openssl`. */
export const makeHttpsProxy = Effect.fn("makeHttpsProxy")(function* (
  target: string,
  { header, path, secret }: { readonly header: string; readonly path: string; readonly secret: string },
) {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "https-proxy-" })
  const [key, certificate] = [`${directory}/key.pem`, `${directory}/certificate.pem`]
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
  const files = ["-keyout", key, "-out", certificate]
  yield* spawner.string(
    ChildProcess.make(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...files, ...subject],
      {
        stderr: "ignore",
      },
    ),
  )
  const options = { key: yield* fs.readFileString(key), cert: yield* fs.readFileString(certificate) }
  const server = createServer(options, (incoming, outgoing) => {
    const { [header]: given, host: _host, ...headers } = incoming.headers
    if (given !== secret || incoming.url?.startsWith(path) !== true) {
      outgoing.writeHead(403, { "content-type": "text/html" }).end("<h1>Forbidden</h1>")
      return
    }
    const { method } = incoming
    const forwarded = requestTo(
      new URL(incoming.url.slice(path.length), target),
      { headers, ...(method === undefined ? {} : { method }) },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    forwarded.on("error", () => outgoing.destroy())
    outgoing.on("close", () => forwarded.destroy())
    incoming.pipe(forwarded)
  })
  const port = yield* listening(server)
  return { url: `https://127.0.0.1:${port}${path}`, certificate } satisfies HttpsProxy as HttpsProxy
})
