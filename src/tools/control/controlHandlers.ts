/** get_status and abort_session. */
import { Clock, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { abortTurn } from "../../opencode/turns/abortTurn.ts"
import { activities, inNewestDirectories } from "../../opencode/sessions/activity.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { ControlTools } from "./ControlTools.ts"
import { sessionView } from "../sessions/sessionView.ts"

/** So many fit into an answer. */
const mostActive = 30

/** So many directories are asked, those worked in last. */
const mostDirectories = 20

export const controlHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient

  const status = Effect.fnUntraced(function* (target: Target, health: string) {
    const opencode = client.at(target)
    const sessions = yield* opencode.sessions
    const asked = inNewestDirectories(sessions, mostDirectories)
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
    const { cleared, final, wasRunning } = yield* abortTurn(opencode, session)
    return { instance: target.instance, session_id: session.id, was_running: wasRunning, final, cleared }
  })

  return ControlTools.of({
    get_status: ({ instance }) => fleet.use(instance, (target, { health }) => status(target, health.state)),
    abort_session: ({ instance, session_id }) => fleet.use(instance, (target) => abort(target, session_id)),
  })
})
