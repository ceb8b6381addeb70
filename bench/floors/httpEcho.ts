/** The floor of an MCP server over HTTP: the SDK's echo tool on Node's server, with sessions up to 2025-11-25 and without since. */
import {
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { json } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import * as z from "zod"

const makeServer = () => {
  const server = new McpServer({ name: "echo", version: "0.0.0" })
  server.registerTool("echo", { description: "Echo", inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: "text", text }],
  }))
  return server
}

const modern = createMcpHandler(makeServer, { legacy: "reject" })
const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()

const open = async () => {
  const id = crypto.randomUUID()
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => id })
  sessions.set(id, transport)
  await makeServer().connect(transport)
  return transport
}

const answer = async (request: IncomingMessage, response: ServerResponse) => {
  const parsedBody: unknown = request.method === "POST" ? await json(request) : undefined
  const headers = Object.entries(request.headers).flatMap(([name, value]): Array<[string, string]> =>
    typeof value === "string" ? [[name, value]] : [],
  )
  const web = new Request("http://localhost/mcp", { method: request.method ?? "GET", headers })
  const isOlder = parsedBody === undefined || (await isLegacyRequest(web, parsedBody))
  const session = sessions.get(web.headers.get("mcp-session-id") ?? "")
  const {
    body,
    headers: sent,
    status,
  } = await (isOlder
    ? (session ?? (await open())).handleRequest(web, { parsedBody })
    : modern.fetch(web, { parsedBody }))
  response.writeHead(status, Object.fromEntries(sent)).flushHeaders()
  if (body === null) response.end()
  else await pipeline(body, response)
}

const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  console.error(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mcp`)
})
process.stdin.resume().on("end", () => process.exit())
