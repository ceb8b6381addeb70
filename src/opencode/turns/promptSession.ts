/** Sends one prompt, once the session is free for it, and knows what may be said of a prompt that went wrong. */
import { type Duration, Effect, Option, Ref, Schedule, type Scope } from "effect"
import { type ClientError, mayHaveArrived, PromptUncertain, type SendError } from "../errors.ts"
import { absence, persistently } from "./followTurn.ts"
import { freshMessageId } from "../Identifiers.ts"
import type { InstanceEvents, Notices } from "../events/InstanceEvents.ts"
import { awaitIdle, type IfBusy, sessionBusy } from "./sessionQueue.ts"
import type { Opencode } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"
import type { Target } from "../Target.ts"
import * as Turn from "../turn/Turn.ts"
import { look, statusOf } from "./storedTurn.ts"

export interface PromptOptions {
  readonly text: string
  readonly agent?: string
  /** As `provider/model`. */
  readonly model?: string
  readonly ifBusy: IfBusy
}

/** Where it goes. */
export interface Addressee {
  readonly target: Target
  readonly opencode: Opencode
  readonly session: Session
}

/** The turn, once its prompt is about to leave. */
export type Begun = Ref.Ref<Option.Option<Ref.Ref<Turn.Turn>>>

/** A turn whose prompt opencode has, and the events since. */
export interface Prompted {
  readonly state: Ref.Ref<Turn.Turn>
  readonly notices: Notices
  /** Whether the connection to the events stood when the prompt left. */
  readonly connected: boolean
}

/** A message that is on its way is stored within this, or it has not arrived. */
const untilStored = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(8)])

/** The prompt may have arrived. It is never sent again; whether opencode has stored it decides what to say. */
export const confirmArrival = (
  { opencode, session, target }: Addressee,
  state: Ref.Ref<Turn.Turn>,
  why: string,
  within: Duration.Input = absence,
) => {
  const uncertain = (detail: string) =>
    new PromptUncertain({ instance: target.instance, session: session.id, detail: `${detail}; ${why}` })
  return persistently(look(opencode, session, state)).pipe(
    Effect.repeat({ while: ({ taken }) => !taken, schedule: untilStored }),
    Effect.timeout(within),
    Effect.mapError(() => uncertain("and what it has stored cannot be read")),
    Effect.andThen(Ref.get(state)),
    Effect.flatMap(({ taken }) =>
      taken ? Effect.void : Effect.fail(uncertain("it has not stored the message so far")),
    ),
  )
}

/** Subscribes, waits for the session as asked, and posts the prompt. `begun` holds the turn before the prompt leaves. */
export const promptSession = Effect.fnUntraced(function* (
  events: InstanceEvents["Service"],
  to: Addressee,
  { agent, ifBusy, model, text }: PromptOptions,
  begun: Begun,
): Effect.fn.Return<Prompted, ClientError | SendError, Scope.Scope> {
  const { opencode, session, target } = to
  const notices = yield* events.subscribe(target)
  if (ifBusy === "wait") yield* awaitIdle(opencode, session, notices)
  if (ifBusy === "fail" && (yield* statusOf(opencode, session)).type !== "idle") {
    return yield* sessionBusy(target, opencode, session)
  }
  // What was heard until here belongs to turns before this one.
  const connected = yield* notices.skip
  const messageID = yield* freshMessageId
  const state = yield* Ref.make(Turn.begin(session.id, messageID))
  yield* Ref.set(begun, Option.some(state))
  const chosen = { ...(agent === undefined ? {} : { agent }), ...(model === undefined ? {} : { model }) }
  yield* opencode
    .prompt(session.id, { text, messageID, ...chosen })
    .pipe(Effect.catchIf(mayHaveArrived, (error) => confirmArrival(to, state, error._tag)))
  // The turn that runs may wait for a person already, and the sessions of its subagents are not known here.
  if (ifBusy === "steer") yield* look(opencode, session, state).pipe(Effect.ignore)
  return { state, notices, connected }
})
