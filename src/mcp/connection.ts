/**
 * One client on stdin and stdout, as the SDK and the wire know it. The tools' calls go to a {@link Backend}.
 *
 * This module and `wire/` do not load Effect: the executable answers its client's first requests before it does, which
 * halves the time until then.
 */
import {
  type CallToolResult,
  type InputRequiredResult,
  type McpRequestContext,
  McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import type { ListedTool } from "./listedTool.ts"
import { offerTasks, taskCapability, type TaskRequests } from "./tasks/offerTasks.ts"
import { unknownTool } from "./unknownTool.ts"
import { makeStdioTransport } from "./wire/StdioTransport.ts"

/** What a client is told about the server. */
export interface ServeOptions {
  readonly name: string
  readonly title: string
  readonly version: string
  /** Given to the model when the client connects. */
  readonly instructions: string
  /** Known tools that this server does not offer, each with a sentence about what makes it available. */
  readonly unavailable?: Readonly<Record<string, string>>
}

/** A call of a tool that exists. Nothing else has been checked. */
export interface ToolRequest {
  readonly name: string
  readonly args: unknown
  readonly context: ServerContext
  readonly connection: { readonly era: McpRequestContext["era"]; readonly server: McpServer }
}

/** Runs the calls of a connection, and learns what happens to it. */
export interface Backend {
  /** Rejects if the client has cancelled the call or disconnected. */
  readonly call: (request: ToolRequest) => Promise<CallToolResult | InputRequiredResult>
  /** If calls can go on as tasks. */
  readonly tasks?: TaskRequests | undefined
  /** The client has completed the handshake. Not called by clients of revision 2026-07-28, which have none. */
  readonly initialized: (server: McpServer) => void
  /** A sentence about a message that cannot be used. */
  readonly unusable: (reason: string) => void
  /** An error of the SDK. */
  readonly failed: (error: Error) => void
}

/** The tools of a process never change. Clients of revision 2026-07-28 need not list them again for an hour. */
const fixed = { ttlMs: 60 * 60 * 1000, cacheScope: "private" } as const

/** A client that sends nothing but broken messages must not fill the log. */
const maxWarnings = 100

const limited = (limit: number, warn: (text: string) => void) => {
  let count = 0
  return (text: string): void => {
    count++
    if (count <= limit) warn(count < limit ? text : `${text} Further messages that cannot be used are not logged.`)
  }
}

export interface Connection {
  /** Resolves when the client has closed stdin or no longer reads stdout, or after `close`. */
  readonly closed: Promise<void>
  readonly close: () => Promise<void>
}

export const openConnection = (
  options: ServeOptions,
  tools: ReadonlyArray<ListedTool>,
  backend: Backend,
): Connection => {
  const closed = Promise.withResolvers<void>()
  const transport = makeStdioTransport({
    stdin: process.stdin,
    stdout: process.stdout,
    unknownTool: unknownTool(
      tools.map(({ name }) => name),
      options.unavailable,
    ),
    onUnusable: limited(maxWarnings, backend.unusable),
  })
  const { close } = serveStdio(
    ({ era }) => {
      const { tasks } = backend
      const offersTasks = era === "modern" && tasks !== undefined
      const server = new McpServer(
        { name: options.name, title: options.title, version: options.version },
        {
          instructions: options.instructions,
          cacheHints: { "tools/list": fixed, "server/discover": fixed },
          ...(offersTasks ? { capabilities: taskCapability } : {}),
        },
      )
      if (offersTasks) offerTasks(server, tasks)
      server.server.oninitialized = () => backend.initialized(server)
      for (const { name, ...description } of tools) {
        server.registerTool(name, description, (args, context) =>
          backend.call({ name, args, context, connection: { era, server } }),
        )
      }
      return server
    },
    { transport, onerror: backend.failed },
  )
  const closeSdk = transport.onclose
  transport.onclose = () => {
    closeSdk?.()
    closed.resolve()
  }
  return { closed: closed.promise, close }
}
