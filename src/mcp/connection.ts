/**
 * One client on stdin and stdout, as the SDK and the wire know it. The tools' calls go to a {@link Backend}.
 *
 * This module, `toolServers.ts` and `wire/` do not load Effect: the executable answers its client's first requests before it
 * does, which halves the time until then.
 */
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import type { ListedTool } from "./listedTool.ts"
import { type Backend, makeToolServer, type ServeOptions } from "./toolServers.ts"
import { unknownTool } from "./unknownTool.ts"
import { makeStdioTransport } from "./wire/StdioTransport.ts"

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
  /**
   * Resolves when the client has closed stdin and the requests before are answered, when it no longer reads stdout, or after
   * `close`.
   */
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
    onInputEnd: backend.end,
  })
  const { close } = serveStdio(({ era }) => makeToolServer(options, tools, backend, era).server, {
    transport,
    onerror: backend.failed,
  })
  const closeSdk = transport.onclose
  transport.onclose = () => {
    closeSdk?.()
    closed.resolve()
  }
  return { closed: closed.promise, close }
}
