/** Sends a message to several sessions of the fleet, which are checked first. */
import { Array, Effect, Exit, Scope, Semaphore } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import type { IfBusy } from "../../opencode/turns/sessionQueue.ts"
import { statusOf } from "../../opencode/turns/storedTurn.ts"
import { Turns } from "../../opencode/turns/Turns.ts"
import { sessionHandlers } from "../sessions/sessionHandlers.ts"
import type { ToolError } from "../shared/errorText.ts"
import type { FollowerOptions } from "../turns/follower.ts"
import { checkNewSession } from "../turns/newSession.ts"
import { promptOptions, type PromptParameters } from "../turns/promptOptions.ts"
import {
  type FindSession,
  type FollowOne,
  makeFollowSessions,
  type ManyCallOptions,
  type Named,
} from "./followSessions.ts"

/** Maximum number of messages, and of checks, that are on their way at once. */
const concurrency = 16

/** A message does not count as on its way for longer, because it may wait for a busy session. */
const maxStart = "2 seconds"

/** The reference that means a new session. */
const newSession = "new"

/** The agent and model of a message. */
export interface ManyChoice extends Pick<PromptParameters, "agent" | "model"> {
  /** Where a new session works. */
  readonly directory?: string | undefined
}

/** A message to several sessions. */
interface ManyMessage extends ManyChoice {
  readonly text: string
  readonly ifBusy: IfBusy
}

/** A session that exists, or `new`, on an instance by its full name. */
interface Destination {
  readonly instance: string
  readonly session_id: string
  readonly title?: string
  readonly isBusy: boolean
}

/** A place that cannot receive the message. */
export interface WrongPlace {
  readonly place: Named
  readonly error: ToolError
}

const isSame = (one: Destination, other: Destination) =>
  one.session_id !== newSession && one.instance === other.instance && one.session_id === other.session_id

/** Where a new session is created. */
const placeOf = ({ instance }: Target, directory: string | undefined) => ({
  instance,
  ...(directory === undefined ? {} : { directory }),
})

/** Finds each session once, and checks that its opencode has the agent and the model. Sends and creates nothing. */
export const makeFindDestinations = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const services = yield* Effect.context<Fleet | OpencodeClient>()
  const find = ({ instance, session_id }: Named, { directory, ...prompt }: ManyChoice) =>
    fleet.use(instance, (target) =>
      Effect.gen(function* () {
        const found = { instance: target.instance, session_id, isBusy: false }
        if (session_id === newSession) {
          yield* checkNewSession({ ...placeOf(target, directory), ...prompt })
          return found satisfies Destination
        }
        const opencode = client.at(target)
        const session = yield* resolveSession(target, opencode, session_id)
        yield* promptOptions(opencode, target, session.directory, prompt)
        const { type } = yield* statusOf(opencode, session)
        return { ...found, session_id: session.id, title: session.title, isBusy: type !== "idle" } satisfies Destination
      }),
    )
  return Effect.fnUntraced(function* (places: ReadonlyArray<Named>, choice: ManyChoice) {
    const [found, wrong] = yield* Effect.partition(
      places,
      (place) => Effect.mapError(find(place, choice), (error): WrongPlace => ({ place, error })),
      { concurrency },
    )
    return { destinations: Array.dedupeWith<Destination>(found, isSame), wrong }
  }, Effect.provideContext(services))
})

/** Holds a permit until `send` runs its argument or ends, at most for {@link maxStart}. */
const whileStarting = <A, E, R>(
  permits: Semaphore.Semaphore,
  send: (started: Effect.Effect<void>) => Effect.Effect<A, E, R>,
) =>
  Effect.gen(function* () {
    const starting = yield* Effect.acquireRelease(Scope.make(), Scope.close)
    yield* Scope.provide(Semaphore.takeScoped(permits, 1), starting)
    const started = Scope.close(starting, Exit.void)
    yield* Effect.forkScoped(Effect.delay(started, maxStart))
    return yield* send(started)
  }).pipe(Effect.scoped)

/** Sends a message to each of the sessions, and follows its turn. The session `new` is created first. */
export const makeSendToSessions = Effect.fnUntraced(function* (options: FollowerOptions) {
  const turns = yield* Turns
  const client = yield* OpencodeClient
  const { create_session } = yield* sessionHandlers()
  const services = yield* Effect.context<Fleet | OpencodeClient>()
  const followSessions = yield* makeFollowSessions(options)
  const permits = yield* Semaphore.make(concurrency)
  return (
    sessions: ReadonlyArray<Named>,
    { directory, ifBusy, text, ...prompt }: ManyMessage,
    options: ManyCallOptions,
  ) => {
    const follow: FollowOne<never> = (target, session, options) =>
      whileStarting(permits, (started) =>
        Effect.flatMap(promptOptions(client.at(target), target, session.directory, prompt), (chosen) =>
          turns.send(target, session, {
            text,
            ifBusy,
            ...chosen,
            ...options,
            stages: {
              ...options.stages,
              publish: (stage) =>
                Effect.andThen(
                  stage._tag === "Following" && stage.turn.accepted ? started : Effect.void,
                  options.stages.publish(stage),
                ),
            },
          }),
        ),
      )
    const create = Effect.fnUntraced(function* (target: Target) {
      const { session } = yield* create_session(placeOf(target, directory))
      return yield* resolveSession(target, client.at(target), session.session_id)
    }, Effect.provideContext(services))
    const find: FindSession<never> = (target, reference) =>
      reference === newSession
        ? permits.withPermits(1)(create(target))
        : resolveSession(target, client.at(target), reference)
    return followSessions(sessions, follow, options, find)
  }
})
