/** Prompts: the choice of agent and model, sending, and stopping the turn. */
import { Effect } from "effect"
import type { ClientError } from "../errors.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode, PromptChoice } from "../Opencode.ts"
import type { Call } from "../http/makeCall.ts"
import type { Routes } from "./routes.ts"
import { ofSession } from "./sessionRoute.ts"
import { joinModel, splitModel } from "./wire/model.ts"
import { understood } from "../http/tolerantArray.ts"

export const promptRequests = (
  { api: { server, session: api } }: Routes,
  call: Call,
  readMessages: Opencode["messages"],
) => {
  const modelOfAgent = (directory: string, name: string) =>
    server.agents({ query: { directory } }).pipe(
      Effect.flatMap(understood("agent")),
      Effect.map((agents) => agents.find((agent) => agent.name === name)?.model),
      Effect.map((model) => (model === undefined ? undefined : joinModel(model))),
      call("agents"),
    )

  const lastAgent = (session: SessionId) =>
    Effect.map(
      readMessages(session, { limit: 10 }),
      ({ messages }) => messages.findLast(({ info }) => info.agent !== undefined)?.info.agent,
    )

  return {
    /** Completes a choice with the session's own agent, model and variant. */
    completeChoice: Effect.fnUntraced(function* (
      session,
      { agent, model },
    ): Effect.fn.Return<PromptChoice, ClientError> {
      const stored = yield* api.get(ofSession(session)).pipe(call("get session", { session }))
      // Older versions store the agent in the messages only.
      const last = stored.agent === undefined ? yield* lastAgent(session) : stored.agent
      const own = { ...stored, agent: last }
      // As in opencode's terminal: choosing another agent also chooses that agent's model, if it has one.
      const isOther = agent !== undefined && agent !== own.agent
      const ofAgent = model === undefined && isOther ? yield* modelOfAgent(own.directory, agent) : undefined
      const chosen = { agent: agent ?? own.agent, model: model ?? ofAgent ?? own.model }
      return {
        ...(chosen.agent === undefined ? {} : { agent: chosen.agent }),
        ...(chosen.model === undefined ? {} : { model: chosen.model }),
        ...(own.variant === undefined || chosen.model !== own.model ? {} : { variant: own.variant }),
      }
    }),
    prompt: (session, { agent, messageID, model, text, variant }) =>
      api
        .prompt({
          ...ofSession(session),
          payload: {
            messageID,
            ...(agent === undefined ? {} : { agent }),
            ...(model === undefined ? {} : { model: splitModel(model) }),
            ...(variant === undefined ? {} : { variant }),
            parts: [{ type: "text", text }],
          },
        })
        .pipe(call("prompt", { session })),
    queuedPrompts: () => Effect.succeed([]),
    withdrawPrompt: () => Effect.void,
    keepAwake: () => Effect.void,
    // opencode answers `true` whether a turn was running or not.
    abort: (session) =>
      api.abort(ofSession(session)).pipe(Effect.as({ wasRunning: undefined }), call("abort", { session })),
  } satisfies Partial<Opencode & { readonly completeChoice: Opencode["prepare"] }>
}
