/** The handlers of send_message, wait_for_session and abort_session. */
import { Clock, Effect, identity } from "effect"
import { line } from "../../text/plainText.ts"
import { Call } from "../../mcp/Call.ts"
import { messageDigest, setCheckpoint } from "../tasks/checkpoint.ts"
import { makeUseAndTouch } from "../shared/useAndTouch.ts"
import type { ClientError } from "../../opencode/errors.ts"
import { OpencodeClient, type Opencode } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { abortTurn } from "../../opencode/turns/abortTurn.ts"
import type { NoTurn } from "../../opencode/requests/decisionErrors.ts"
import type { TurnReport } from "../../opencode/turns/followTurn.ts"
import { unobserved } from "../../opencode/turns/observeTurn.ts"
import type { SendError } from "../../opencode/turns/sendErrors.ts"
import { readServerQueue } from "../../opencode/turns/serverQueue.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import { type FollowerOptions, makeFollower } from "./follower.ts"
import { makeResume } from "../requests/resume.ts"
import { promptOptions } from "./promptOptions.ts"
import { sendOnce, type SendOnce, uncertainIfSent } from "./sendOnce.ts"
import { parkedText } from "./renderTurn.ts"
import { TurnTools, type SendMessage } from "./TurnTools.ts"
import { turnView } from "./turnView.ts"
import { unlessElsewhere } from "./unlessElsewhere.ts"
import { whileClientIsThere } from "./whileClientIsThere.ts"

type Sending = typeof SendMessage.parametersSchema.Type

/** Maximum number of parked messages shown. */
const maxParked = 10

/** The messages in the session's inbox, if nothing is running that would start them. */
const parkedIn = (opencode: Opencode, session: Session) =>
  Effect.map(readServerQueue({ opencode, session }), ({ isParked, prompts }) =>
    (isParked ? prompts : []).slice(0, maxParked).map(({ id, text }) => ({ message_id: id, text: line(text, 200) })),
  )

/** With `async`, the maximum time in milliseconds until opencode has the message. */
const maxAcceptTime = 47_000

/** With `async`, a turn that has ended is reported; this is the time to find that out. */
const alreadyEnded = "2 seconds"

/** With `async`, a turn that is still running is reported as accepted. */
const asAccepted = (report: TurnReport): TurnReport =>
  report.outcome._tag === "still running"
    ? { ...report, outcome: { _tag: "accepted", detail: "", parked: false } }
    : report

/** A caller with a `message_id` repeats its calls itself. */
const unlessRepeatable = ({ agent, instance, message, message_id, model, session_id }: Sending) =>
  message_id === undefined ? uncertainIfSent(instance, { session: session_id, text: message, agent, model }) : identity

/** Of a message that an earlier call has sent. */
const repeated = (report: TurnReport): TurnReport => ({ ...report, repeated: true })

export const turnHandlers = Effect.fnUntraced(function* (followerOptions: FollowerOptions) {
  const use = yield* makeUseAndTouch
  const client = yield* OpencodeClient
  const turns = yield* Turns
  const follower = yield* makeFollower(followerOptions)
  const resume = yield* makeResume(followerOptions)

  const send = Effect.fnUntraced(function* (target: Target, parameters: Sending, startedAt: number) {
    const { message } = parameters
    const opencode = client.at(target)
    const session = yield* resolveSession(target, opencode, parameters.session_id)
    const prompt = { text: message, ...(yield* promptOptions(opencode, target, session.directory, parameters)) }
    const address = { target, opencode, session }
    const { options, report } = yield* follower(address, startedAt)
    const { agent, model } = parameters
    const call = { session: session.id, text: message, agent, model }
    const once = (steps: SendOnce<ClientError | SendError | NoTurn, never>) =>
      parameters.message_id === undefined ? sendOnce(address, call, steps) : steps.send((stages) => stages)
    if (parameters.async === true) {
      const timeout = Math.min(options.timeout, maxAcceptTime)
      const ifBusy = parameters.if_busy ?? "fail"
      const shown = (report: TurnReport) => turnView(target, asAccepted(report))
      return yield* once({
        send: (keeping) =>
          whileClientIsThere(address, (watching) =>
            turns.start(target, session, { ...prompt, ifBusy, timeout, stages: watching(keeping(unobserved)) }),
          ).pipe(Effect.map(shown)),
        follow: (prompt) =>
          Effect.map(turns.follow(target, session, { prompt, timeout: alreadyEnded }), (report) =>
            shown(repeated(report)),
          ),
      })
    }
    const ifBusy = parameters.if_busy ?? "wait"
    const { instance } = target
    const unsent = { _tag: "Message", digest: messageDigest(message), since: startedAt } as const
    yield* setCheckpoint(yield* Call, { ...unsent, instance, session: session.id })
    return yield* once({
      send: (keeping) =>
        report((stages) =>
          whileClientIsThere(address, (watching) =>
            turns.send(target, session, { ...prompt, ...options, ifBusy, stages: watching(keeping(stages)) }),
          ),
        ),
      follow: (prompt) =>
        report((stages) => Effect.map(turns.follow(target, session, { ...options, prompt, stages }), repeated)),
    })
  })

  const wait = Effect.fnUntraced(function* (target: Target, reference: string, startedAt: number) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target, opencode, reference)
    yield* unlessElsewhere(opencode, target.instance, session)
    const { options, report } = yield* follower({ target, opencode, session }, startedAt)
    yield* setCheckpoint(yield* Call, { _tag: "Last", instance: target.instance, session: session.id })
    const view = yield* report((stages) => turns.follow(target, session, { ...options, stages }))
    if (view.outcome === "accepted") return view
    const parked = yield* parkedIn(opencode, session).pipe(Effect.orElseSucceed(() => []))
    return parked.length === 0 ? view : { ...view, next: `${view.next ?? ""} ${parkedText(parked)}`.trim() }
  })

  const abort = Effect.fnUntraced(function* (target: Target, reference: string) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target, opencode, reference)
    // Before the stop: the first one may begin at once.
    const queued = yield* turns.waiting(target, session)
    const { cleared, elsewhere, final, wasRunning } = yield* abortTurn(opencode, session)
    const parked = yield* parkedIn(opencode, session)
    return {
      instance: target.instance,
      session_id: session.id,
      was_running: wasRunning,
      final,
      dismissed_count: cleared,
      ...(elsewhere === undefined ? {} : { elsewhere: true as const }),
      ...(elsewhere?.at === undefined ? {} : { running_at: elsewhere.at }),
      ...(parked.length === 0 ? {} : { parked }),
      ...(wasRunning && queued > 0 ? { queued_count: queued } : {}),
    }
  })

  return TurnTools.of({
    send_message: (parameters) =>
      Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
        use(parameters.instance, (target) => send(target, parameters, startedAt)),
      ).pipe(unlessRepeatable(parameters), resume),
    wait_for_session: ({ instance, session_id }) =>
      Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
        use(instance, (target) => wait(target, session_id, startedAt)),
      ).pipe(resume),
    abort_session: ({ instance, session_id }) => use(instance, (target) => abort(target, session_id)),
  })
})
