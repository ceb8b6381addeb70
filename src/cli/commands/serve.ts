/**
 * `opencode-fleet serve`: the MCP server on stdio, until the client closes stdin or exits, or a signal arrives.
 *
 * The SDK alone answers the client's first requests. Effect and the fleet are loaded afterwards (`server/program.ts`), which
 * makes the client's start-up 80 ms shorter. This module therefore must not import them; the build checks it.
 */
import { openConnection } from "../../mcp/connection.ts"
import { makeLateBackend } from "../../mcp/lateBackend.ts"
import { fromData } from "../../mcp/listedTool.ts"
import { serverInfo } from "../../serverInfo.ts"
import { isSet } from "../../settings/isSet.ts"
import { endProcess } from "../process/endProcess.ts"
import { parentCheck } from "../process/parentCheck.ts"
import { drainMs } from "../server/drainMs.ts"
import { controlTools, fleetTools } from "../server/listedTools.ts"
import type { Served } from "../server/program.ts"
import { unavailableWithoutHosts } from "../server/unavailable.ts"

/** Milliseconds after the handshake at which the fleet is loaded. A tool call ends the delay. */
const headStartMs = 100

/** The same after the start, for clients that are slow or have no handshake. Also bounds how late an exit of the parent is noticed. */
const longestHeadStartMs = 500

/** Starts to answer the client. `wanted` resolves when the fleet should be loaded. */
export const openServer = () => {
  const wanted = Promise.withResolvers<void>()
  const { attach, backend } = makeLateBackend({
    onCall: wanted.resolve,
    onInitialized: () => void setTimeout(wanted.resolve, headStartMs),
  })
  const offersStart = isSet("SSH_HOSTS")
  const tools = [...fleetTools, ...(offersStart ? controlTools : [])].map(fromData)
  const connection = openConnection(
    offersStart ? serverInfo : { ...serverInfo, unavailable: unavailableWithoutHosts },
    tools,
    backend,
  )
  // A terminal on stdin means that the server was started by hand; an MCP client uses a pipe.
  const isByHand = process.stdin.isTTY
  if (isByHand) wanted.resolve()
  else setTimeout(wanted.resolve, longestHeadStartMs)
  const served: Served = { attach, connection, hasParentExited: parentCheck(), isByHand, offersStart }
  return { served, wanted: wanted.promise }
}

/** Resolves when Effect's runtime has taken over, which then handles signals and ends the process. */
export const runServe = async (): Promise<void> => {
  const { served, wanted } = openServer()
  let hasStarted = false
  void served.connection.closed.then(() => {
    if (!hasStarted) endProcess(0, drainMs)
  })
  await wanted
  const { run } = await import("../server/program.ts")
  hasStarted = true
  run(served)
}
