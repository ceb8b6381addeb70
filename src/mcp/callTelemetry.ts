/** The span and the metric of a tool call. Neither holds arguments or results, because both can contain prompts. */
import type { ServerContext } from "@modelcontextprotocol/server"
import { Effect, Metric, Option, Tracer } from "effect"
import { Headers, HttpTraceContext } from "effect/http"
import { type CallEnd, endOf } from "./callEnd.ts"
import { ErrorResult } from "./callResult.ts"

/** Tool calls by `tool` and `result`, a {@link CallEnd}. */
const calls = Metric.counter("mcp.tool.calls", { description: "Tool calls", incremental: true })

const count = (tool: string, result: CallEnd) => Metric.update(Metric.withAttributes(calls, { tool, result }), 1)

/** The span of the client that made the call (W3C Trace Context). */
const parentOf = ({ mcpReq: { _meta } }: ServerContext): Option.Option<Tracer.ExternalSpan> => {
  const traceparent = _meta?.["traceparent"]
  return typeof traceparent === "string" ? HttpTraceContext.w3c(Headers.fromInput({ traceparent })) : Option.none()
}

/**
 * `Toolkit.handle` writes the call's arguments to the current span. This view of the span drops them. Everything else
 * reaches the span itself: spans choose their ids when they are first read, so an object that inherits from it would have
 * ids of its own.
 */
const withoutParameters = (span: Tracer.Span): Tracer.Span =>
  new Proxy(span, {
    get: (target, property) => {
      if (property === "attribute") {
        return (key: string, value: unknown) => {
          if (key !== "parameters") target.attribute(key, value)
        }
      }
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })

const hideParameters = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.orDie(Effect.currentSpan), (span) =>
    Effect.provideService(call, Tracer.ParentSpan, withoutParameters(span)),
  )

/** Traces and counts a call. An `ErrorResult` marks the span as failed. */
export const observed =
  (tool: string, context: ServerContext) =>
  <A extends object, E, R>(call: Effect.Effect<A, E | ErrorResult, R>) =>
    call.pipe(
      hideParameters,
      Effect.tapError((error) =>
        error instanceof ErrorResult ? Effect.annotateCurrentSpan({ "error.type": error.message }) : Effect.void,
      ),
      Effect.withSpan(`tools/call ${tool}`, {
        kind: "server",
        ...Option.match(parentOf(context), { onNone: () => ({ root: true }), onSome: (parent) => ({ parent }) }),
        attributes: {
          "mcp.method.name": "tools/call",
          "gen_ai.tool.name": tool,
          "jsonrpc.request.id": String(context.mcpReq.id),
        },
      }),
      Effect.onExit((exit) => count(tool, endOf(exit))),
    )
