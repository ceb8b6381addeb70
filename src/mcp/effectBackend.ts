/** Runs the calls of a connection in Effect. */
import { Effect, FiberSet, Semaphore } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import type { Caller } from "./access/Gate.ts"
import { callTool } from "./callTool.ts"
import type { Backend } from "./toolServers.ts"
import { parametersOf } from "./describeTool.ts"
import { useUpFirstId } from "./elicitation.ts"
import { runAsPromise } from "./runAsPromise.ts"

/** Further calls wait. A call may wait for a whole turn, and needs connections and memory meanwhile. */
const maxConcurrentCalls = 256

/**
 * Each call runs as a fiber of its own, which a cancellation and the end of the scope interrupt.
 *
 * `handled` yields the Toolkit with its handlers, for each call: the Toolkit itself if the handlers are in the context, or an
 * effect that loads them at the first call. `mayAsk`: whether a caller may be shown forms.
 */
export const makeBackend = Effect.fnUntraced(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  serverName: string,
  mayAsk: (caller: Caller | undefined) => boolean = () => true,
) {
  const fork = yield* FiberSet.makeRuntime<R | Tool.HandlerServices<Tools[keyof Tools]>>()
  const slots = yield* Semaphore.make(maxConcurrentCalls)
  const tools = new Map(
    Object.entries<Tool.Any>(toolkit.tools).map(([name, tool]) => [name, { tool, parameters: parametersOf(tool) }]),
  )
  return {
    call: ({ name, ...request }) => {
      const known = tools.get(name)
      if (known === undefined) return Promise.reject(new Error(`the Toolkit has no tool ${name}`))
      const call = callTool({ ...request, ...known, name, serverName, handled, mayAsk: mayAsk(request.caller) })
      return runAsPromise(fork, request.context.mcpReq.signal, slots.withPermits(1)(call))
    },
    initialized: (server) => void fork(useUpFirstId(server)),
    unusable: (reason) => void fork(Effect.logWarning(reason)),
    failed: (error) => void fork(Effect.logDebug("MCP", error)),
  } satisfies Backend
})
