/**
 * The SDK's server with the tools of a Toolkit, for one client: on stdio for a connection, over HTTP for a session or a
 * request. The tools' calls go to a {@link Backend}.
 *
 * This module does not load Effect; see `connection.ts`.
 */
import {
  type CallToolResult,
  type InputRequiredResult,
  type McpRequestContext,
  McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server"
import type { CallValues } from "./Call.ts"
import type { ListedTool } from "./listedTool.ts"
import { offerTasks, taskCapability, type TaskRequests } from "./tasks/offerTasks.ts"

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
  /** See `CallValues`. */
  readonly clientGone?: CallValues["clientGone"]
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
  /** The client sends nothing more. Answers the calls that are running: with their results if they come soon. */
  readonly end: () => void
}

/** The tools of a process never change. Clients of revision 2026-07-28 need not list them again for an hour. */
const fixed = { ttlMs: 60 * 60 * 1000, cacheScope: "private" } as const

/** Makes the server with the tools, and returns a function that shows only some of them from then on. */
export const makeToolServer = (
  options: ServeOptions,
  tools: ReadonlyArray<ListedTool>,
  backend: Pick<Backend, "call" | "initialized" | "tasks">,
  era: McpRequestContext["era"],
) => {
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
  const registered = tools.map(({ name, ...description }) => ({
    name,
    tool: server.registerTool(name, description, (args, context) =>
      backend.call({ name, args, context, connection: { era, server } }),
    ),
  }))
  const offer = (isOffered: (tool: string) => boolean): void => {
    for (const { name, tool } of registered) {
      if (tool.enabled !== isOffered(name)) tool.update({ enabled: !tool.enabled })
    }
  }
  return { server, offer }
}
