/**
 * Fake opencode instances in one process, each on a port of its own. A healthy one answers `GET /global/health` and has one
 * idle session; a hung one accepts requests and never answers; other servers are not opencode. Arguments: the numbers of
 * healthy instances, hung instances, other servers and
 * services of opencode 2. Prints the ports as one line of JSON, then for each line on stdin the number of requests so far, and
 * exits when stdin ends.
 */
import { once } from "node:events"
import { createServer, type RequestListener, type ServerResponse } from "node:http"

// Updated just now, because the status of an unused directory is not requested.
const time = { created: 1, updated: Date.now() }
const session = { id: "ses_1", directory: "/home/dev/project", title: "A session", time }

const bodies = new Map([
  ["/path", JSON.stringify({ directory: session.directory })],
  ["/global/health", JSON.stringify({ healthy: true, version: "1.18.33" })],
  ["/session", JSON.stringify([session])],
  ["/experimental/session", JSON.stringify([session])],
  ["/session/status", "{}"],
])

/** With its length, as both versions of opencode answer. */
const send = (response: ServerResponse, body: string | undefined) => {
  if (body === undefined) return void response.writeHead(404).end()
  const length = Buffer.byteLength(body)
  response.writeHead(200, { "content-type": "application/json", "content-length": length }).end(body)
}

const answer: RequestListener = ({ url = "" }, response) => send(response, bodies.get(url.split("?", 1).join()))
const neverAnswer: RequestListener = () => undefined
const answerOther: RequestListener = (_, response) => response.writeHead(404).end()

let requests = 0

const listen = async (listener: RequestListener): Promise<number> => {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener)
    .on("request", () => requests++)
    .listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** A service of opencode 2: everything below `/api/` needs the password. */
const bodies2 = new Map([
  ["/api/info", JSON.stringify({ version: "2.0.15", pid: 1, urls: [], paths: { tmp: "/tmp" } })],
  [
    "/api/session",
    JSON.stringify({ data: [{ id: "ses_1", time, location: { directory: session.directory } }], cursor: {} }),
  ],
  ["/api/session/active", JSON.stringify({ data: {} })],
  [
    "/api/location",
    JSON.stringify({ directory: session.directory, project: { id: "p", directory: session.directory } }),
  ],
  ["/api/project", JSON.stringify([{ id: "p", vcs: "git", time: { created: 1 } }])],
])
const answer2: RequestListener = ({ headers, url = "" }, response) => {
  const path = url.split("?", 1).join()
  if (!path.startsWith("/api/")) return void response.writeHead(200, { "content-type": "text/html" }).end("<html>")
  if (headers.authorization === undefined) {
    return void response.writeHead(401, { "www-authenticate": 'Basic realm="Secure Area"' }).end()
  }
  send(response, bodies2.get(path))
}

const [healthy = 0, hung = 0, strangers = 0, services = 0] = process.argv.slice(2).map(Number)
const listeners = [
  ...Array<RequestListener>(healthy).fill(answer),
  ...Array<RequestListener>(hung).fill(neverAnswer),
  ...Array<RequestListener>(strangers).fill(answerOther),
  ...Array<RequestListener>(services).fill(answer2),
]
process.stdout.write(`${JSON.stringify(await Promise.all(listeners.map(listen)))}\n`)
process.stdin.on("data", () => process.stdout.write(`${requests}\n`)).on("end", () => process.exit())
