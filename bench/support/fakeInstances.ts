/**
 * Fake opencode instances in one process, each on a port of its own. A healthy one answers `GET /global/health` and has one
 * idle session; a hung one accepts requests and never answers; other servers are not opencode. Arguments: the numbers of
 * healthy instances, hung instances and other servers. Prints the ports as one line of JSON, and exits when stdin ends.
 */
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"

// Updated just now, because the status of an unused directory is not requested.
const time = { created: 1, updated: Date.now() }
const session = { id: "ses_1", directory: "/home/dev/project", title: "A session", time }

const bodies = new Map([
  ["/path", JSON.stringify({ directory: session.directory })],
  ["/global/health", JSON.stringify({ healthy: true, version: "1.18.33" })],
  ["/session", JSON.stringify([session])],
  ["/session/status", "{}"],
])

const answer: RequestListener = ({ url = "" }, response) => {
  const body = bodies.get(url.split("?", 1).join())
  response
    .setHeader("content-type", "application/json")
    .writeHead(body === undefined ? 404 : 200)
    .end(body)
}
const neverAnswer: RequestListener = () => undefined
const answerOther: RequestListener = (_, response) => response.writeHead(404).end()

const listen = async (listener: RequestListener): Promise<number> => {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

const [healthy = 0, hung = 0, strangers = 0] = process.argv.slice(2).map(Number)
const listeners = [
  ...Array<RequestListener>(healthy).fill(answer),
  ...Array<RequestListener>(hung).fill(neverAnswer),
  ...Array<RequestListener>(strangers).fill(answerOther),
]
process.stdout.write(`${JSON.stringify(await Promise.all(listeners.map(listen)))}\n`)
process.stdin.resume().on("end", () => process.exit())
