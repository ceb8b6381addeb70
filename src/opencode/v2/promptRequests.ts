/**
 * Sends prompts. On opencode 2, agent and model belong to the session, and opencode checks neither: an unknown one would leave
 * the prompt in the inbox. They are therefore checked and selected first.
 */
import { Effect } from "effect"
import { type ClientError, OpencodeError } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { understood } from "../http/tolerantArray.ts"
import type { MessageId, SessionId } from "../Identifiers.ts"
import type { Opencode, Prompt } from "../Opencode.ts"
import { namesWith } from "../namesWith.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import { mayHaveArrived } from "../transient.ts"
import { notUnderstood, type Unreadable } from "../Unreadable.ts"
import { rejectedCall } from "./refusals.ts"
import type { Routes } from "./routes.ts"
import { sessionOf } from "./sessionRequests.ts"
import { joinModel, splitModel } from "./wire/WireModel.ts"
import type { WireSession } from "./wire/WireSession.ts"

export const promptRequests = (
  { api: { session: api } }: Routes,
  call: Call,
  { instance, version }: Target,
  server: Pick<Opencode, "agents" | "models" | "capabilities">,
  ensureHere: (session: Session) => Effect.Effect<void, ClientError>,
) => {
  const unknown = (
    kind: "Agent" | "Model",
    name: string,
    { names, unreadable }: { readonly names: ReadonlyArray<string>; readonly unreadable: Unreadable },
  ) =>
    new OpencodeError({
      instance,
      operation: "prompt",
      status: 400,
      detail: `${kind} not found: ${JSON.stringify(name)}. There are ${[...names, notUnderstood(unreadable, version) ?? []].flat().join(", ")}`,
    })

  const select = Effect.fnUntraced(function* (
    data: WireSession,
    { agent, model }: Pick<Prompt, "agent" | "model">,
  ): Effect.fn.Return<void, ClientError> {
    const { id: session } = data
    const params = { sessionID: session }
    const { directory } = data.location
    const isOtherAgent = agent !== undefined && agent !== data.agent
    const isOtherModel = model !== undefined && (data.model === undefined || model !== joinModel(data.model))
    if (isOtherAgent) {
      const agents = yield* namesWith(server.agents(directory), agent, server.capabilities)
      if (!agents.names.includes(agent)) return yield* unknown("Agent", agent, agents)
    }
    if (isOtherModel) {
      const models = yield* namesWith(server.models(directory), model, server.capabilities)
      if (!models.names.includes(model)) return yield* unknown("Model", model, models)
    }
    // Each selection adds an entry to the session, even if it changes nothing.
    if (isOtherAgent) yield* api.selectAgent({ params, payload: { agent } }).pipe(call("select agent", { session }))
    if (isOtherModel) {
      const payload = { model: splitModel(model) }
      yield* api.selectModel({ params, payload }).pipe(call("select model", { session }))
    }
  })

  const isDelivered = (session: SessionId, id: MessageId) =>
    api.message({ params: { sessionID: session, messageID: id } }).pipe(
      call("message", { session }),
      Effect.as(true),
      Effect.catchTag("SessionNotFound", () => Effect.succeed(false)),
    )

  return {
    // Agent and model belong to the session.
    completeChoice: (_session, choice) => Effect.succeed(choice),
    prompt: Effect.fnUntraced(function* (
      session,
      { agent, delivery = "queue", mayBeStored = false, messageID, model, text },
    ): Effect.fn.Return<void, ClientError> {
      const { data } = yield* api.get({ params: { sessionID: session } }).pipe(call("get session", { session }))
      yield* ensureHere(sessionOf(data))
      yield* select(data, {
        ...(agent === undefined ? {} : { agent }),
        ...(model === undefined ? {} : { model }),
      })
      const post = api
        .prompt({ params: { sessionID: session }, payload: { id: messageID, text, delivery } })
        .pipe(Effect.asVoid, call("prompt", { session }))
      // The id makes repeated prompts one prompt, and starts one that is parked in the inbox. A repetition after the delivery
      // would run an empty turn.
      const postAgain = Effect.flatMap(isDelivered(session, messageID), (delivered) => (delivered ? Effect.void : post))
      yield* mayBeStored
        ? postAgain
        : post.pipe(Effect.catchIf(mayHaveArrived, (error) => Effect.mapError(postAgain, () => error)))
    }),

    queuedPrompts: (session) =>
      api.inbox({ params: { sessionID: session } }).pipe(
        Effect.flatMap(({ data }) => understood("queued message")(data)),
        Effect.map((items) =>
          items
            .filter(({ payload, type }) => type === "user" && rejectedCall(payload?.metadata) === undefined)
            .map(({ id, payload }) => ({ id, text: payload?.text ?? "" })),
        ),
        call("inbox", { session }),
      ),

    withdrawPrompt: (session, inboxID) =>
      api.cancelPrompt({ params: { sessionID: session, inboxID } }).pipe(call("cancel prompt", { session })),
  } satisfies Partial<Opencode>
}
