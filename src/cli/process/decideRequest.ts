/** Delivers a person's decision about a pending request, as `approve`, `reject` and `answer` do. */
import { Console, Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { isRefusal, sendDecision, verdict } from "../../opencode/requests/decision.ts"
import type { Decision, PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import { describe } from "../../opencode/requests/requestedActs.ts"
import { Settings } from "../../Settings.ts"
import type { Origin } from "../../tools/requests/askPerson.ts"
import { findOrigin, findRequest } from "../../tools/requests/findRequest.ts"
import { requestHandlers } from "../../tools/requests/requestHandlers.ts"
import { makeUseAndTouch } from "../../tools/shared/useAndTouch.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { type ChosenRequest, chosenRequest, type GivenRequest, requestArguments } from "../arguments/request.ts"
import { decidedText, requestLines } from "../terminal/decision.ts"
import { showTurn } from "../terminal/showTurn.ts"
import { toJson } from "../terminal/terminal.ts"
import { type CommandFailed, endedByChoice, exitStatus, failedBecause, failedWithToolError } from "./exitStatus.ts"
import { ownCommand } from "../../text/ownCommand.ts"

const follow = bareFlag("follow").pipe(
  Flag.withAlias("f"),
  Flag.withDescription("Show the rest of the turn, as `send` does"),
)

const asJson = asJsonFlag(
  "the decision as JSON; with --follow the turn when it ends, in the shape of the MCP tool respond_permission",
)

/** The arguments of every command that decides a request. */
export const decisionArguments = { ...requestArguments, follow, asJson }

interface GivenDecision extends GivenRequest {
  readonly follow: boolean
  readonly asJson: boolean
}

/** The same decision as the parameters of a tool. */
const asParameters = ({ instance, session_id }: ChosenRequest, decision: Decision) => {
  const place = { instance, session_id }
  if (decision.kind === "permission") {
    const { message, reply } = decision.reply
    const words = message === undefined ? {} : { message }
    return { ...place, permission_id: decision.request.id, response: reply, ...words } as const
  }
  return {
    ...place,
    question_id: decision.request.id,
    ...(decision.answers === undefined ? { reject: true } : { answers: decision.answers }),
  } as const
}

const leftOpen = endedByChoice("Nothing was sent; the request stays open.", exitStatus.waits)

/** A refusal without a reason ends the turn, unless a subagent asked. */
const endsTurn = (decision: Decision, { session }: Origin) =>
  isRefusal(decision) &&
  (decision.kind === "question" || decision.reply.message === undefined) &&
  decision.request.sessionID === session.id

interface Deciding<Kind extends PendingRequest["kind"], E, R> {
  /** Which kinds of requests the command decides. */
  readonly kinds: ReadonlyArray<Kind>
  readonly showsAlways?: boolean
  /** Whether `decide` itself shows the request. */
  readonly showsForm?: boolean
  /** Undefined if the person decides nothing. */
  readonly decide: (
    pending: Extract<PendingRequest, { kind: Kind }>,
    origin: Origin,
  ) => Effect.Effect<Decision | undefined, E, R>
}

/**
 * Shows the request, takes the decision, and sends it. Fails with `CommandFailed` if it is not delivered, and with
 * `ChosenOutcome` if the person leaves the request open.
 */
export const decideRequest = Effect.fnUntraced(function* <Kind extends PendingRequest["kind"], R>(
  given: GivenDecision,
  { decide, kinds, showsAlways = false, showsForm = false }: Deciding<Kind, CommandFailed, R>,
) {
  const use = yield* makeUseAndTouch
  const client = yield* OpencodeClient
  const chosen = yield* chosenRequest(given, kinds)
  const { instance, session_id } = chosen
  const { origin, pending } = yield* use(instance, (target) =>
    Effect.gen(function* () {
      const origin = yield* findOrigin(client, target, session_id)
      return { origin, pending: yield* findRequest(origin, kinds, chosen.id) }
    }),
  ).pipe(Effect.mapError(failedWithToolError))
  if (!showsForm) yield* Console.error(requestLines(pending, { always: showsAlways }))
  const decision = yield* decide(pending, origin)
  if (decision === undefined) return yield* leftOpen
  if (given.follow) {
    const { answer_question, respond_permission } = yield* requestHandlers(yield* Settings)
    const parameters = asParameters(chosen, decision)
    return yield* showTurn(
      {
        asJson: given.asJson,
        isRefused: isRefusal(decision),
        interrupted: ({ note }) =>
          note(
            `Stopped following. The agent keeps working. \`${ownCommand("abort", instance, session_id)}\` stops it.`,
          ),
      },
      () => ("response" in parameters ? respond_permission(parameters) : answer_question(parameters)),
    )
  }
  const delivery = yield* use(instance, (target) => sendDecision(client.at(target), origin.session, decision)).pipe(
    Effect.mapError(failedWithToolError),
  )
  const text = decidedText(delivery, decision)
  if (given.asJson) {
    yield* Console.log(
      toJson({ ...chosen, about: describe(pending), decision: verdict(decision), delivery } satisfies object),
    )
  }
  if (delivery === "too late") return yield* failedBecause(text)
  if (given.asJson) return
  yield* Console.log(text)
  yield* Console.error(
    endsTurn(decision, origin)
      ? `\`${ownCommand("send", instance, session_id, "MESSAGE")}\` tells the agent what to do instead.`
      : `\`${ownCommand("read", instance, session_id, "--follow")}\` shows how the agent goes on.`,
  )
})

/** Whether the request was named by its id, so that the person has seen it. */
export const isNamed = ({ id }: GivenRequest): boolean => Option.isSome(id)
