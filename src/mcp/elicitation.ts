/**
 * Questions to the person at the client, in both eras of the protocol.
 *
 * Until 2025-11-25 a question is a request to the client while the call runs. Since 2026-07-28 the server cannot send
 * requests: the question is the result of the call, and the client calls the tool again with the person's answer and
 * with the state that it was given. Nothing is kept here in between, so a restart of the server loses nothing.
 */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequest,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type McpRequestContext,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server"
import { Deferred, Effect, Option, Schema } from "effect"
import type { CallValues, Question, Reply } from "./Call.ts"
import * as Advertise from "./advertise.ts"

/** How the handler of one call may ask. */
export type Asking = Pick<CallValues, "canAsk" | "ask" | "resumed">

type Handler<E, R> = (asking: Asking) => Effect.Effect<CallToolResult, E, R>

/** Capabilities of a client that shows forms. One that announces elicitation and names no kind of it means them. */
const showsForms = Schema.is(
  Schema.Struct({
    elicitation: Schema.Union([
      Schema.Struct({ form: Schema.ObjectKeyword }),
      Schema.Struct({ url: Schema.optionalKey(Schema.Never) }),
    ]),
  }),
)

const unavailable: Reply = { action: "unavailable" }

/** A question that the client cannot show goes nowhere, and a form that MCP cannot hold is a defect of the handler. */
const asking = (capabilities: unknown, put: (request: InputRequest, state: string) => Effect.Effect<Reply>) => {
  const canAsk = showsForms(capabilities)
  const ask = ({ form, message, state }: Question) =>
    Effect.suspend(() => put(inputRequired.elicit({ message, requestedSchema: Advertise.form(form) }), state))
  return { canAsk, ask: canAsk ? ask : () => Effect.succeed(unavailable) }
}

const replyOf = ({
  action,
  content,
}: {
  readonly action: "accept" | "decline" | "cancel"
  readonly content?: unknown
}) => (action === "accept" ? { action, content } : { action })

/** As long as a timer can run: how long a person may think is for the handler to say. */
const longestTimer = 2 ** 31 - 1

/** Until 2025-11-25. The SDK compares what was filled in with the form. An interruption takes the form back. */
const duringCall = (server: McpServer, { mcpReq }: ServerContext): Asking => ({
  ...asking(server.server.getClientCapabilities(), (request) => {
    // For the types alone: the request is always this one.
    if (request.method !== "elicitation/create") return Effect.succeed(unavailable)
    return Effect.tryPromise((signal) => mcpReq.elicitInput(request.params, { signal, timeout: longestTimer })).pipe(
      Effect.map(replyOf),
      Effect.catch(({ cause }) =>
        Effect.as(Effect.logWarning("the client did not answer a question", cause), unavailable),
      ),
    )
  }),
  resumed: Option.none(),
})

/**
 * Uses up the id 0 with a ping. Many clients cannot take back the form of a request with this id, for their SDK does not
 * tell it from none (typescript-sdk#2283), and our SDK counts from 0.
 */
export const useUpFirstId = ({ server }: McpServer) =>
  Effect.suspend(() =>
    showsForms(server.getClientCapabilities()) ? Effect.ignore(Effect.tryPromise(() => server.ping())) : Effect.void,
  )

/** The one question of a call has this name, in the result and in what the client sends with the next call. */
const key = "answer"

/** An answer without the state is one as well: taken for a fresh call, it would make a tool do everything again. */
const resumed = ({ mcpReq: { inputResponses, requestState } }: ServerContext): Asking["resumed"] => {
  const state = requestState<string>()
  if (state === undefined && inputResponses === undefined) return Option.none()
  const response = inputResponse(inputResponses, key)
  return Option.some({
    state: state ?? "",
    reply: response.kind === "elicit" ? replyOf(response) : { action: "cancel" },
  })
}

/** Since 2026-07-28. A question interrupts the handler, and the result waits until all that it held has been freed. */
const betweenCalls = Effect.fnUntraced(function* <E, R>(context: ServerContext, handler: Handler<E, R>) {
  const envelope: Readonly<Record<string, unknown>> = { ...context.mcpReq.envelope }
  const question = yield* Deferred.make<InputRequiredResult>()
  const put = (request: InputRequest, requestState: string) =>
    Effect.logDebug("answered with a question").pipe(
      Effect.andThen(Deferred.succeed(question, inputRequired({ inputRequests: { [key]: request }, requestState }))),
      Effect.andThen(Effect.never),
    )
  return yield* handler({ ...asking(envelope[CLIENT_CAPABILITIES_META_KEY], put), resumed: resumed(context) }).pipe(
    Effect.raceFirst(Deferred.await(question)),
  )
})

/** Serves one call of this connection with a handler that may ask. */
export const withQuestions = <E, R>(
  { era, server }: { readonly era: McpRequestContext["era"]; readonly server: McpServer },
  context: ServerContext,
  handler: Handler<E, R>,
): Effect.Effect<CallToolResult | InputRequiredResult, E, R> =>
  era === "modern" ? betweenCalls(context, handler) : handler(duringCall(server, context))
