/** Requests of a client that follows tasks, as the SDK passes them on. */
import { CLIENT_CAPABILITIES_META_KEY, McpServer, type ServerContext } from "@modelcontextprotocol/server"
import { callerInfo } from "../../../src/mcp/access/callerInfo.ts"
import { extension } from "../../../src/mcp/tasks/taskWire.ts"

const server = new McpServer({ name: "tasks", version: "1" })

export interface RequestOptions {
  readonly subject?: string
  readonly inputResponses?: Readonly<Record<string, unknown>>
}

const contextOf = ({ inputResponses, subject }: RequestOptions): ServerContext => {
  const envelope = { [CLIENT_CAPABILITIES_META_KEY]: { extensions: { [extension]: {} }, elicitation: {} } }
  const context = {
    mcpReq: {
      id: 1,
      method: "",
      envelope,
      inputResponses,
      requestState: () => undefined,
      signal: new AbortController().signal,
    },
    http: subject === undefined ? undefined : { authInfo: callerInfo({ subject, scopes: new Set(), stepsUp: false }) },
  }
  // Only what calls and tasks read.
  return context as unknown as ServerContext
}

export const callOf = (name: string, options: RequestOptions = {}) => ({
  name,
  args: {},
  context: contextOf(options),
  connection: { era: "modern", server } as const,
})

export const about = (taskId: unknown, options: RequestOptions = {}) => ({
  taskId: String(taskId),
  context: contextOf(options),
  server,
})
