/**
 * Forms for the person at the client (MCP elicitation), in both eras of the protocol.
 *
 * Up to revision 2025-11-25 a form is a request to the client during the call. Since 2026-07-28 a server cannot send
 * requests: the form is the call's result, and the client calls the tool again with the reply and the form's state. The
 * server stores nothing in between, so a restart loses nothing.
 */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequest,
  inputRequired,
  type InputRequiredResult,
  type McpRequestContext,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server"
import { Deferred, Effect, type Latch, Option, Predicate, Schema } from "effect"
import type { CallValues, ElicitationReply, ElicitationRequest } from "./Call.ts"
import { formSchema, replyContent } from "./formSchema.ts"
import { advertised } from "./listedTool.ts"

/** The part of a call that asks the person. */
export type Elicitation = Pick<CallValues, "canAsk" | "ask" | "resumed" | "mayDecide">

type Handler<E, R> = (elicitation: Elicitation) => Effect.Effect<CallToolResult, E, R>

/** What a call sees of its client. */
export interface Surface<Result> {
  /** Runs a handler that may ask the person. */
  readonly elicit: <E, R>(handler: Handler<E, R>) => Effect.Effect<Result, E, R>
  readonly values: Omit<CallValues, keyof Elicitation>
}

/** Capabilities of a client that shows forms. `elicitation: {}` without a mode means forms. */
const showsForms = Schema.is(
  Schema.Struct({
    elicitation: Schema.Union([
      Schema.Struct({ form: Schema.ObjectKeyword }),
      Schema.Struct({ url: Schema.optionalKey(Schema.Never) }),
    ]),
  }),
)

const unavailable: ElicitationReply = { action: "unavailable" }

/** Sends nothing to a client that cannot show forms. A form that MCP cannot express is a defect of the handler. */
const asking = (
  capabilities: unknown,
  revision: string | undefined,
  send: (request: InputRequest, elicitation: ElicitationRequest) => Effect.Effect<ElicitationReply>,
): Pick<Elicitation, "canAsk" | "ask"> => {
  const canAsk = showsForms(capabilities)
  const dialect = revision !== undefined && revision < "2025-11-25" ? "older" : "current"
  const ask = (elicitation: ElicitationRequest) => {
    const { form, message } = elicitation
    return Effect.suspend(() =>
      send(inputRequired.elicit({ message, requestedSchema: formSchema(form, dialect) }), elicitation),
    ).pipe(
      Effect.map((reply) =>
        reply.action === "accept" ? { ...reply, content: replyContent(form, dialect, reply.content) } : reply,
      ),
    )
  }
  return { canAsk, ask: canAsk ? ask : () => Effect.succeed(unavailable) }
}

const Reply = Schema.Struct({
  action: Schema.Literals(["accept", "decline", "cancel"]),
  content: Schema.optionalKey(Schema.Unknown),
})

/** The handler checks the content: what does not match the form may still be the person's answer, and is never dropped. */
const replyOf = (reply: unknown): ElicitationReply =>
  Option.match(Schema.decodeUnknownOption(Reply)(reply), {
    onSome: ({ action, content }) => (action === "accept" ? { action, content } : { action }),
    onNone: () => ({ action: "unavailable", detail: "the client's reply to the form is not one that MCP defines" }),
  })

/** The longest timeout that a timer can hold, in milliseconds. The handler limits how long a person may think. */
const longestTimeout = 2 ** 31 - 1

const failureOf = (cause: unknown): ElicitationReply => ({
  action: "unavailable",
  detail: `the client failed to show the form${cause instanceof Error ? `: ${cause.message}` : ""}`,
})

const anything = advertised(() => ({}))

/** Up to 2025-11-25. An interruption withdraws the form. `send` leaves the reply unchecked, unlike `elicitInput`. */
const duringCall = ({ server }: McpServer, { mcpReq }: ServerContext): Elicitation => ({
  ...asking(server.getClientCapabilities(), server.getNegotiatedProtocolVersion(), ({ method, params }) =>
    Effect.tryPromise((signal) =>
      mcpReq.send({ method, params: { ...params } }, anything, { signal, timeout: longestTimeout }),
    ).pipe(
      Effect.map(replyOf),
      Effect.catch(({ cause }) =>
        Effect.as(Effect.logWarning("the client did not answer a question", cause), failureOf(cause)),
      ),
    ),
  ),
  resumed: Option.none(),
})

/**
 * Uses up request id 0 with a ping. The server SDK counts from 0, and many client SDKs cannot cancel a request with that
 * id (typescript-sdk#2283), so a form with it could not be withdrawn.
 */
export const useUpFirstId = ({ server }: McpServer) =>
  Effect.suspend(() =>
    showsForms(server.getClientCapabilities()) ? Effect.ignore(Effect.tryPromise(() => server.ping())) : Effect.void,
  )

/** The key of a call's only question, in the result and in the client's next call. */
const questionKey = "answer"

/** A reply without its state is still a reply: a new call would repeat the tool's work. */
const resumedBy = ({ mcpReq: { inputResponses, requestState } }: ServerContext): Elicitation["resumed"] => {
  const state = requestState<string>()
  if (state === undefined && inputResponses === undefined) return Option.none()
  const responses: unknown = inputResponses
  const reply: unknown = Predicate.hasProperty(responses, questionKey) ? responses[questionKey] : undefined
  return Option.some({
    state: state ?? "",
    reply: responses === undefined ? { action: "cancel" } : replyOf(reply),
  })
}

const capabilitiesIn = ({ mcpReq }: ServerContext): unknown => {
  const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope }
  return envelope[CLIENT_CAPABILITIES_META_KEY]
}

/** Whether the client of this request, of revision 2026-07-28 or later, shows forms. */
export const canAskIn = (context: ServerContext): boolean => showsForms(capabilitiesIn(context))

/** The replies in a request, by the key of their question. */
export const repliesIn = ({ mcpReq: { inputResponses } }: ServerContext): ReadonlyArray<[string, ElicitationReply]> =>
  Object.entries<unknown>({ ...inputResponses }).map(([key, reply]) => [key, replyOf(reply)])

/** Since 2026-07-28, for a client that follows the call as a task: `ask` shows the form and waits. */
export const duringTask = (
  context: ServerContext,
  resumed: Elicitation["resumed"],
  ask: (request: InputRequest, name: string | undefined) => Effect.Effect<ElicitationReply>,
): Elicitation => ({
  ...asking(capabilitiesIn(context), undefined, (request, { name }) => ask(request, name)),
  resumed: Option.orElse(resumed, () => resumedBy(context)),
})

/** Since 2026-07-28. A form interrupts the handler; the result waits until the handler has released its resources. */
const betweenCalls = Effect.fnUntraced(function* <E, R>(context: ServerContext, handler: Handler<E, R>) {
  const question = yield* Deferred.make<InputRequiredResult>()
  const send = (request: InputRequest, { state: requestState }: ElicitationRequest) =>
    Effect.andThen(
      Deferred.succeed(question, inputRequired({ inputRequests: { [questionKey]: request }, requestState })),
      Effect.never,
    )
  return yield* handler({
    ...asking(capabilitiesIn(context), undefined, send),
    resumed: resumedBy(context),
  }).pipe(Effect.raceFirst(Deferred.await(question)))
})

/** For a caller who may not decide: no form is shown, and a reply to one decides nothing. */
export const withoutForms = <Result>(surface: Surface<Result>): Surface<Result> => ({
  ...surface,
  elicit: (handler) =>
    surface.elicit(({ resumed }) =>
      handler({
        canAsk: false,
        mayDecide: false,
        ask: () => Effect.succeed(unavailable),
        resumed: Option.map(resumed, ({ state }) => ({ state, reply: { action: "cancel" } })),
      }),
    ),
})

/** Opens the latch while the handler waits for a person. */
export const openWhileAsking = <Result>(asking: Latch.Latch, surface: Surface<Result>): Surface<Result> => ({
  ...surface,
  elicit: (handler) =>
    surface.elicit((elicitation) =>
      handler({
        ...elicitation,
        ask: (request) =>
          Effect.acquireUseRelease(
            asking.open,
            () => elicitation.ask(request),
            () => asking.close,
          ),
      }),
    ),
})

/** Runs a handler that may ask the person, in the way that the connection's protocol revision and client support. */
export const withElicitation =
  (
    { era, server }: { readonly era: McpRequestContext["era"]; readonly server: McpServer },
    context: ServerContext,
  ): Surface<CallToolResult | InputRequiredResult>["elicit"] =>
  <E, R>(handler: Handler<E, R>): Effect.Effect<CallToolResult | InputRequiredResult, E, R> =>
    era === "modern" ? betweenCalls(context, handler) : handler(duringCall(server, context))
