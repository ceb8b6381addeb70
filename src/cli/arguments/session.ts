/** The argument `session`, and the choice of one in a terminal. */
import { Effect, Option } from "effect"
import { Argument, TerminalCapabilities } from "effect/cli"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { matchingSessions } from "../../opencode/sessions/sessionReference.ts"
import { quote } from "../../text/plainText.ts"
import { elapsed } from "../../tools/shared/time.ts"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { choose, type Choice } from "./choose.ts"
import { chosenInstance, instance } from "./instance.ts"
import { ownCommand } from "../../text/ownCommand.ts"

/** How a session can be named. */
export const sessionReferences =
  'its id, the unique start of an id, a unique part of its title, or "latest" for the most recently updated session'

export const session = Argument.String("session").pipe(
  Argument.withDescription(`The session: ${sessionReferences}`),
  Argument.optional,
)

/** Sessions offered, the most recently updated ones. */
const maxOffered = 200

const recent = Effect.fnUntraced(function* (instance: string) {
  const { list_sessions } = yield* sessionHandlers()
  const { as_of, sessions } = yield* Effect.mapError(
    list_sessions({ instance, limit: maxOffered }),
    failedWithToolError,
  )
  return sessions.map(({ session_id, status, title, updated }) => ({
    title: `${title} · ${status}, ${elapsed(as_of, updated)} · ${session_id}`,
    value: session_id,
  }))
})

/**
 * The id of the session that the reference matches, or that the person chooses among several. A reference without a match stays as
 * it is.
 */
const chosenMatch = Effect.fnUntraced(function* (instance: string, reference: string) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return reference
  const { use } = yield* Fleet
  const client = yield* OpencodeClient
  const found = yield* Effect.orElseSucceed(
    use(instance, (target) => matchingSessions(target, client.at(target), reference)),
    () => [],
  )
  if (found.length < 2) return found[0]?.id ?? reference
  return yield* choose<string, never, never>({
    argument: "session",
    message: `Which of the ${found.length} sessions that match ${quote(reference)}?`,
    choices: Effect.succeed(
      found.map(({ directory, id, title }) => ({ title: `${title} · ${directory} · ${id}`, value: id })),
    ),
    none: "",
  })
})

/** References that mean one session, or a new one, without asking opencode. */
const isCertain = (reference: string) => /^(?:latest|new|ses_.*)$/iu.test(reference.trim())

/**
 * The given reference, or the id of the session that the person chooses. `before`: choices above the sessions. The person
 * also chooses if the reference matches several sessions.
 */
export const chosenSession = (
  instance: string,
  given: Option.Option<string>,
  before: ReadonlyArray<Choice<string>> = [],
) =>
  Option.match(given, {
    onSome: (reference) => (isCertain(reference) ? Effect.succeed(reference) : chosenMatch(instance, reference)),
    onNone: () =>
      choose({
        argument: "session",
        message: `Which session of ${instance}?`,
        choices: Effect.map(recent(instance), (sessions) => [...before, ...sessions]),
        none: `${instance} has no session yet. \`${ownCommand("send", instance, "new", "MESSAGE")}\` starts one.`,
      }),
  })

/** The session that a command works on. */
export interface Place {
  readonly instance: string
  readonly session_id: string
}

/** The arguments of a command that works on one session. */
export const placeArguments = { instance, session }

/** What was left out is chosen by the person. */
export const chosenPlace = Effect.fnUntraced(function* (given: {
  readonly instance: Option.Option<string>
  readonly session: Option.Option<string>
}) {
  const instance = yield* chosenInstance(given.instance)
  const place: Place = { instance, session_id: yield* chosenSession(instance, given.session) }
  return place
})
