/**
 * Serves any Toolkit as an MCP server on stdin and stdout.
 *
 * Read on: `connection.ts` (the client), `toolServers.ts` (the SDK's server), `describeTool.ts` (tools/list),
 * `effectBackend.ts` and `callTool.ts` (tools/call), `callResult.ts` (results), `elicitation.ts` (questions to the person),
 * `approval.ts`, `progress.ts`, `callTelemetry.ts`, `tasks/` (calls that go on after their answer).
 */
import { Effect } from "effect"
import type { Tool, Toolkit } from "effect/ai"
import { openConnection } from "./connection.ts"
import { describeTools } from "./describeTool.ts"
import { type BackendOptions, makeBackend, onInputEnd } from "./effectBackend.ts"
import type { TaskOptions } from "./tasks/Tasks.ts"
import type { ServeOptions } from "./toolServers.ts"

export type { ServeOptions, TaskOptions }

/**
 * Serves until the client closes stdin and its last calls are answered, or the fiber is interrupted, which interrupts the calls
 * in progress. `handled` is evaluated for each call.
 */
export const serve = Effect.fnUntraced(function* <Tools extends Record<string, Tool.Any>, R>(
  toolkit: Toolkit.Toolkit<Tools>,
  handled: Effect.Effect<Toolkit.WithHandler<Tools>, never, R>,
  { endingText, tasks, ...options }: ServeOptions & Pick<BackendOptions, "endingText" | "tasks">,
) {
  const backend = yield* makeBackend(toolkit, handled, {
    serverName: options.name,
    tasks,
    grace: onInputEnd,
    ...(endingText === undefined ? {} : { endingText }),
  })
  const connection = openConnection(options, describeTools(toolkit), backend)
  yield* Effect.addFinalizer(() => Effect.promise(connection.close))
  yield* Effect.promise(() => connection.closed)
}, Effect.scoped)
