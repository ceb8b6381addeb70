/**
 * Tools that need a person's approval (`needsApproval`): the person is asked before each call. Without an approval the
 * tool does not run.
 */
import type { CallToolResult } from "@modelcontextprotocol/server"
import { Effect, Option, Schema } from "effect"
import { Tool } from "effect/ai"
import { clip } from "../text/clip.ts"
import { plainText } from "../text/plainText.ts"
import type { ElicitationReply } from "./Call.ts"
import { errorResult, type ErrorResult } from "./callResult.ts"
import type { Elicitation } from "./elicitation.ts"

interface ToolCall<R> {
  readonly tool: Tool.Any
  readonly args: unknown
  readonly id: string
  readonly decodeParameters: (args: unknown) => Effect.Effect<unknown, Schema.SchemaError, R>
}

const approve = "Run it"

/** The choices have no titles, because clients older than revision 2025-11-25 do not support them. */
const Decision = Schema.Struct({
  decision: Schema.Literals([approve, "Do not run it"]).annotate({ title: "Decision" }),
})

/**
 * The state of every form of such a call. Since 2026-07-28 the reply arrives with a new call, which must have the same
 * arguments, because the person approved the call that they were shown.
 */
const ApprovalState = Schema.fromJsonString(
  Schema.Struct({
    arguments: Schema.String,
    /** The state of the handler's own form. Absent in the request for approval. */
    handler: Schema.optionalKey(Schema.String),
  }),
)
const decodeState = Schema.decodeOption(ApprovalState)
const encodeState = Schema.encodeSync(ApprovalState)

/** Longest text of the arguments in the form, in characters. */
const maxArgumentsLength = 2000

const formMessage = ({ args, tool }: Pick<ToolCall<never>, "args" | "tool">) =>
  `Allow this call of ${tool.name}?\nArguments: ${clip(plainText(JSON.stringify(args)), maxArgumentsLength)}`

const reasons = {
  accept: "the person did not approve it",
  refuse: "the person did not approve it",
  decline: "the person did not approve it",
  cancel: "the person closed the form without a decision",
  unavailable: "it needs a person's approval, and this client cannot show a form",
} as const

const notApproved = ({ tool }: Pick<ToolCall<never>, "tool">, reason: string) =>
  Effect.fail(errorResult("not approved", `${tool.name} was not run: ${reason}.`))

const isApproval = (reply: ElicitationReply) =>
  reply.action === "accept" &&
  Option.contains(
    Option.map(Schema.decodeUnknownOption(Decision)(reply.content), ({ decision }) => decision),
    approve,
  )

/** Invalid arguments need no approval, because the Toolkit rejects them. */
const isRequired = Effect.fnUntraced(function* <R>({ args, decodeParameters, id, tool }: ToolCall<R>) {
  const { needsApproval } = tool
  if (needsApproval === undefined) return false
  const parameters = yield* Effect.option(decodeParameters(args))
  if (Option.isNone(parameters)) return false
  if (typeof needsApproval !== "function") return needsApproval
  const required = needsApproval(parameters.value, { toolCallId: id, messages: [] })
  return Effect.isEffect(required) ? yield* required : required
})

/** Runs the handler if the tool needs no approval, or once the person has approved the call. */
export const withApproval = Effect.fnUntraced(function* <E, R>(
  call: ToolCall<R>,
  elicitation: Elicitation,
  run: (elicitation: Elicitation) => Effect.Effect<CallToolResult, E, R>,
): Effect.fn.Return<CallToolResult, E | ErrorResult, R> {
  const { ask, resumed } = elicitation
  if (call.tool.needsApproval === undefined) return yield* run(elicitation)
  const state = Option.flatMap(resumed, ({ state }) => decodeState(state))
  if (Option.isNone(state) && !(yield* isRequired(call))) return yield* run(elicitation)

  const arguments_ = JSON.stringify(call.args)
  const runApproved = (resumed: Elicitation["resumed"]) =>
    run({
      ...elicitation,
      ask: (request) => ask({ ...request, state: encodeState({ arguments: arguments_, handler: request.state }) }),
      resumed,
    })
  const decide = (reply: ElicitationReply): Effect.Effect<CallToolResult, E | ErrorResult, R> =>
    isApproval(reply) ? runApproved(Option.none()) : notApproved(call, reasons[reply.action])

  if (Option.isNone(resumed)) {
    const state = encodeState({ arguments: arguments_ })
    return yield* Effect.flatMap(ask({ message: formMessage(call), form: Decision, state }), decide)
  }
  if (Option.isNone(state) || state.value.arguments !== arguments_) {
    return yield* notApproved(call, "the reply belongs to another call; call the tool again without it")
  }
  const { handler } = state.value
  return yield* handler === undefined
    ? decide(resumed.value.reply)
    : runApproved(Option.some({ state: handler, reply: resumed.value.reply }))
})
