/**
 * Makes a session ready for a prompt. On opencode 2, agent and model belong to the session, and opencode checks neither: an
 * unknown one would leave the prompt in the inbox. They are therefore checked and selected first.
 */
import { Effect } from "effect"
import { type ClientError, OpencodeError } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode, PromptChoice } from "../Opencode.ts"
import { namesWith } from "../namesWith.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import { notUnderstood, type Unreadable } from "../Unreadable.ts"
import type { Routes } from "./routes.ts"
import { sessionOf } from "./sessionRequests.ts"
import { joinModel, splitModel } from "./wire/WireModel.ts"
import type { WireSession } from "./wire/WireSession.ts"

const selectsNothing = ({ agent, model }: PromptChoice) => agent === undefined && model === undefined

export const readySession = (
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
    { agent, model }: PromptChoice,
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

  const check = Effect.fnUntraced(function* (session: SessionId): Effect.fn.Return<WireSession, ClientError> {
    const { data } = yield* api.get({ params: { sessionID: session } }).pipe(call("get session", { session }))
    yield* ensureHere(sessionOf(data))
    return data
  })

  return {
    /** What can be done while a turn may be running, which a selection would change. */
    prepare: (session: SessionId, choice: PromptChoice): Effect.Effect<PromptChoice, ClientError> =>
      selectsNothing(choice) ? Effect.as(check(session), { ...choice, isPrepared: true }) : Effect.succeed(choice),
    /** Fails if another server is running a turn in the session, or if there is no such agent or model. */
    ready: (session: SessionId, choice: PromptChoice): Effect.Effect<void, ClientError> =>
      choice.isPrepared === true && selectsNothing(choice)
        ? Effect.void
        : Effect.flatMap(check(session), (data) => select(data, choice)),
  }
}

export type ReadySession = ReturnType<typeof readySession>
