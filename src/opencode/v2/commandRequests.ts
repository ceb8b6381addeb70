/**
 * Runs slash commands. opencode 2 takes no id for the message that a command becomes, and its answer does not name it: it is
 * the new one in the session. A command that works in a subagent becomes a message of a new session instead.
 */
import { Effect, Fiber, Schedule } from "effect"
import { type ClientError, EffectUncertain } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { understood } from "../http/tolerantArray.ts"
import type { SessionId } from "../Identifiers.ts"
import type { Opencode, QueuedPrompt, StartedCommand } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"
import { mayHaveArrived, untilBack } from "../transient.ts"
import { reasonOf } from "../uncertain.ts"
import { isPrompt } from "./conversation.ts"
import { inboxOf } from "./promptRequests.ts"
import type { ReadySession } from "./readySession.ts"
import type { Routes } from "./routes.ts"

/** Milliseconds. Before opencode answers, it runs the shell commands of the template. */
const commandTimeout = 10 * 60_000

/** Newest prompts and sessions among which a new one is looked for. */
const newest = 50

/** The message of a command, and the session of a subagent, stand when opencode has answered, or soon after. */
const untilFound = Schedule.max([Schedule.spaced("250 millis"), Schedule.recurs(8)])

/** Whether the text may come from a command with these arguments. A template can place and quote each of them anywhere. */
const hasWordsOf = (args: string) => {
  const words = args.split(/[\s"']+/u)
  return ({ text }: QueuedPrompt) => words.every((word) => text.includes(word))
}

interface Seen {
  readonly prompts: ReadonlyArray<QueuedPrompt>
  readonly subagents: ReadonlyArray<Session>
}

export const commandRequests = (
  routes: Routes,
  call: Call,
  { ready }: ReadySession,
  newestSessions: Opencode["newestSessions"],
  instance: string,
) => {
  const { session: api } = routes.api
  const inbox = inboxOf(routes, call)

  const promptsOf = Effect.fnUntraced(function* (session: SessionId) {
    // The inbox first, because a prompt moves from there to the messages.
    const queued = yield* inbox(session)
    const stored = yield* api.messages({ params: { sessionID: session }, query: { limit: newest, type: "user" } }).pipe(
      Effect.flatMap(({ data }) => understood("message")(data)),
      call("messages", { session }),
    )
    return [...queued, ...stored.filter(isPrompt).map(({ id, text }): QueuedPrompt => ({ id, text }))]
  })

  const seenOf = Effect.fnUntraced(function* (session: SessionId): Effect.fn.Return<Seen, ClientError> {
    const sessions = yield* newestSessions(newest)
    return { prompts: yield* promptsOf(session), subagents: sessions.filter(({ parentID }) => parentID === session) }
  })

  /**
   * What is new since; several, if more than one may come from the command. `isCertain`: the command has run, so a message
   * that is the only new one comes from it, whatever its text.
   */
  const startedSince = Effect.fnUntraced(function* (
    session: SessionId,
    before: Seen,
    mayBeOwn: (prompt: QueuedPrompt) => boolean,
    isCertain: boolean,
  ): Effect.fn.Return<ReadonlyArray<StartedCommand>, ClientError> {
    const now = yield* seenOf(session)
    const known = new Set<string>([...before.prompts, ...before.subagents].map(({ id }) => id))
    const fresh = new Map(now.prompts.filter(({ id }) => !known.has(id)).map((prompt) => [prompt.id, prompt]))
    const prompts = isCertain && fresh.size === 1 ? [...fresh.values()] : [...fresh.values()].filter(mayBeOwn)
    if (prompts.length > 0) return prompts.map(({ id }) => ({ prompt: id }))
    const subagents = now.subagents.filter(({ id }) => !known.has(id))
    const started = yield* Effect.forEach(subagents, (subagent) =>
      Effect.map(promptsOf(subagent.id), (prompts) => ({ subagent, prompt: prompts.at(-1) })),
    )
    return started.flatMap(({ prompt, subagent }) =>
      prompt === undefined || !mayBeOwn(prompt) ? [] : [{ prompt: prompt.id, subagent }],
    )
  })

  return {
    runCommand: Effect.fnUntraced(function* (
      session,
      { arguments: text, delivery = "queue", name, ...choice },
    ): Effect.fn.Return<StartedCommand, ClientError> {
      yield* ready(session, choice)
      const before = yield* seenOf(session)
      const post = api
        .command({ params: { sessionID: session }, payload: { name, text, delivery } })
        .pipe(call("command", { timeout: commandTimeout }))
      // In a fiber of its own, because opencode gives up the command if the request breaks off.
      const posting = yield* Effect.forkDetach(post)
      const lost = yield* Fiber.join(posting).pipe(
        Effect.as(undefined),
        Effect.catchIf(mayHaveArrived, (error) => Effect.succeed(error)),
      )
      const uncertain = (detail: string) =>
        new EffectUncertain({
          instance,
          effect: "command",
          session,
          detail: lost === undefined ? `opencode has run it, but ${detail}` : `${detail}; ${reasonOf(lost)}`,
        })
      const [started, ...others] = yield* untilBack(
        startedSince(session, before, hasWordsOf(text), lost === undefined),
      ).pipe(
        Effect.repeat({ while: (started) => started.length === 0, schedule: untilFound }),
        Effect.mapError(() => uncertain("the session could not be read")),
      )
      if (started === undefined) return yield* uncertain("the session has no new message so far")
      if (others.length > 0) return yield* uncertain("the session has several new messages")
      return started
    }),
  } satisfies Partial<Opencode>
}
