/** send_message, get_status and abort_session. */
import { Array, Clock, Effect } from "effect"
import { line } from "../PlainText.ts"
import { Fleet } from "../fleet/Fleet.ts"
import { abortTurn } from "../opencode/abortTurn.ts"
import { activities } from "../opencode/activity.ts"
import { OpencodeClient, type Opencode } from "../opencode/OpencodeClient.ts"
import type { Session } from "../opencode/Session.ts"
import { resolveSession } from "../opencode/sessionReference.ts"
import type { Target } from "../opencode/Target.ts"
import { Turns } from "../opencode/Turns.ts"
import { Settings } from "../Settings.ts"
import { Call } from "./Call.ts"
import { InvalidParameter } from "./failures.ts"
import { sessionView } from "./sessionView.ts"
import { reporter } from "./turnProgress.ts"
import { TurnTools, type SendMessage } from "./TurnTools.ts"
import { turnView } from "./turnView.ts"

/** Most clients give up on a call after 60 s, unless progress keeps them waiting. */
const patienceWithoutProgress = 50_000

/** So many fit into an answer. */
const mostActive = 30

/** Each directory that is asked for the first time makes opencode set it up, so old ones are left alone. */
const mostDirectories = 20

/** opencode takes any name and fails afterwards, without an answer. So names are checked before anything is sent. */
const known = (parameter: string, value: string, names: ReadonlyArray<string>) => {
  if (names.includes(value)) return Effect.void
  const close = names.filter((name) => name.includes(value))
  const shown = (close.length > 0 ? close : names).slice(0, 20)
  return Effect.fail(
    new InvalidParameter({
      parameter,
      value,
      detail: `that opencode has ${shown.length === 0 ? "none" : `${shown.map((name) => line(name, 100)).join(", ")}${shown.length < names.length ? ", …" : ""}`}`,
    }),
  )
}

const chooseModel = Effect.fnUntraced(function* (opencode: Opencode, { directory }: Session, model: string) {
  yield* known("model", model, yield* opencode.models(directory))
  const slash = model.indexOf("/")
  return { providerID: model.slice(0, slash), modelID: model.slice(slash + 1) }
})

export const turnHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const turns = yield* Turns
  const { sendTimeout } = yield* Settings

  const send = Effect.fnUntraced(function* (
    target: Target,
    parameters: typeof SendMessage.parametersSchema.Type,
    /** When the client began to wait, in epoch milliseconds. */
    began: number,
  ) {
    const { agent, message, model } = parameters
    const opencode = client.at(target)
    const session = yield* resolveSession(target.instance, opencode, parameters.session_id)
    if (agent !== undefined) yield* known("agent", agent, yield* opencode.agents(session.directory))
    const prompt = {
      text: message,
      ...(agent === undefined ? {} : { agent }),
      ...(model === undefined ? {} : { model: yield* chooseModel(opencode, session, model) }),
    }
    const call = yield* Call
    const most = call.wantsProgress ? sendTimeout : Math.min(sendTimeout, patienceWithoutProgress)
    // Finding the instance and the session, and checking the names, has cost some of it.
    const patience = Math.max(0, most - ((yield* Clock.currentTimeMillis) - began))
    if (parameters.async === true) {
      const { outcome, turn } = yield* turns.start(target, session, {
        ...prompt,
        ifBusy: parameters.if_busy ?? "fail",
        patience,
      })
      return turnView(target, turn, outcome._tag === "still running" ? { _tag: "accepted" } : outcome)
    }
    const { outcome, turn } = yield* turns.send(target, session, {
      ...prompt,
      ifBusy: parameters.if_busy ?? "wait",
      patience,
      observe: yield* reporter(call),
    })
    return turnView(target, turn, outcome)
  })

  const status = Effect.fnUntraced(function* (target: Target, health: string) {
    const opencode = client.at(target)
    const sessions = yield* opencode.sessions
    const directories = new Set(Array.dedupe(sessions.map(({ directory }) => directory)).slice(0, mostDirectories))
    const asked = sessions.filter(({ directory }) => directories.has(directory))
    const active = yield* activities(opencode, asked)
    const now = yield* Clock.currentTimeMillis
    return {
      instance: target.instance,
      health,
      active_count: active.size,
      active: asked
        .flatMap((session) => {
          const activity = active.get(session.id)
          return activity === undefined ? [] : [sessionView(now, session, activity)]
        })
        .slice(0, mostActive),
      idle: asked.length - active.size,
      unasked: sessions.length - asked.length,
    }
  })

  const abort = Effect.fnUntraced(function* (target: Target, reference: string) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target.instance, opencode, reference)
    const { cleared, wasRunning } = yield* abortTurn(opencode, session)
    return { instance: target.instance, session_id: session.id, was_running: wasRunning, cleared }
  })

  return TurnTools.of({
    send_message: (parameters) =>
      Effect.flatMap(Clock.currentTimeMillis, (began) =>
        fleet.use(parameters.instance, (target) => send(target, parameters, began)),
      ),
    get_status: ({ instance }) => fleet.use(instance, (target, { health }) => status(target, health.state)),
    abort_session: ({ instance, session_id }) => fleet.use(instance, (target) => abort(target, session_id)),
  })
})
