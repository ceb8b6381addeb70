/** `opencode-fleet read`: shows the conversation of a session, and with `--follow` what comes. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { makeReadAbsence } from "../../fleet/absence.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { InstanceEvents } from "../../opencode/events/InstanceEvents.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { pendingRequestsOf } from "../../opencode/requests/pendingRequests.ts"
import { detailedActivities } from "../../opencode/sessions/activity.ts"
import { countingUnreadable, notUnderstood } from "../../opencode/Unreadable.ts"
import { line } from "../../text/plainText.ts"
import type { Origin } from "../../tools/requests/askPerson.ts"
import { findOrigin } from "../../tools/requests/findRequest.ts"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { wholeNumber } from "../arguments/numbers.ts"
import { chosenPlace, type Place, placeArguments } from "../arguments/session.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { CommandFailed, exitStatus, failedWithToolError } from "../process/exitStatus.ts"
import { type ConversationScreen, makeConversationScreen } from "../terminal/conversationScreen.ts"
import { followConversation } from "../terminal/followConversation.ts"
import { showMessage } from "../terminal/showMessage.ts"
import { toJson } from "../terminal/terminal.ts"

const limit = wholeNumber("limit", { minimum: 1, maximum: 100 }).pipe(
  Flag.withAlias("n"),
  Flag.withDescription(
    "Maximum number of messages, the newest ones: 1 to 100 (default 20). A turn has one for each step",
  ),
  Flag.withDefault(20),
)

const before = Flag.String("before").pipe(
  Flag.withDescription("Older messages: the value that the command printed with newer ones"),
  Flag.optional,
)

const message = Flag.String("message").pipe(
  Flag.withAlias("m"),
  Flag.withDescription("Only this message, in full: with the arguments and the output of its tool calls"),
  Flag.optional,
)

const follow = bareFlag("follow").pipe(
  Flag.withAlias("f"),
  Flag.withDescription("Then also show new messages, from any client, until Ctrl-C"),
)

const asJson = asJsonFlag("JSON in the shape of the MCP tool get_session")

const input = { ...placeArguments, limit, before, message, follow, asJson }

type Input = Command.Command.Config.Infer<typeof input>

const printJson = Effect.fnUntraced(function* (place: Place, { before, limit, message }: Input) {
  const { get_session } = yield* sessionHandlers({ maxAnswerChars: Infinity })
  const parameters = { ...place, message_limit: limit, ...ifGiven("before", before), ...ifGiven("message_id", message) }
  yield* Console.log(toJson(yield* Effect.mapError(get_session(parameters), failedWithToolError)))
})

/** What the conversation is about, on stderr. */
const showFacts = Effect.fnUntraced(function* ({ opencode, session, target }: Origin) {
  const active = yield* detailedActivities(opencode, [session])
  const status = active.get(session.id)?.status.type ?? "idle"
  yield* Console.error([line(session.title), session.id, status, line(session.directory), target.instance].join(" · "))
})

/** Shows the messages and returns them. */
const showPage = Effect.fnUntraced(function* (origin: Origin, screen: ConversationScreen, { before, limit }: Input) {
  const { opencode, session, target } = origin
  const { result: page, unreadable } = yield* countingUnreadable(
    opencode.messages(session.id, { limit, ...ifGiven("before", before) }),
  )
  if (page.older !== undefined) yield* Console.error(`Older messages: --before ${page.older}`)
  const unknown = notUnderstood(unreadable, target.version)
  if (unknown !== undefined) yield* Console.error(unknown)
  if (page.messages.length === 0 && unknown === undefined) yield* Console.error("No messages yet.")
  yield* Effect.forEach(page.messages, screen.message, { discard: true })
  return page.messages
})

/** Follows the session wherever the instance of that name is. Ends only with an error. */
const followSession = Effect.fnUntraced(function* ({ instance, session_id }: Place, input: Input) {
  const { use } = yield* Fleet
  const client = yield* OpencodeClient
  const events = yield* InstanceEvents
  const readAbsence = yield* makeReadAbsence
  let reference = session_id
  let screen: ConversationScreen | undefined
  const once = use(instance, (target) =>
    Effect.gen(function* () {
      const origin = yield* findOrigin(client, target, reference)
      reference = origin.session.id
      // Subscribed first, so that nothing is missed between what is stored and what comes.
      const notices = yield* events.subscribe(target)
      if (screen === undefined) yield* showFacts(origin)
      else yield* screen.note(`${target.instance} is at ${target.url} now.`)
      screen ??= yield* makeConversationScreen(target.instance, origin.session)
      const before = yield* showPage(origin, screen, input)
      return yield* followConversation({ origin, notices, screen, before, readAbsence: readAbsence(target) })
    }).pipe(Effect.scoped),
  )
  return yield* Effect.forever(once).pipe(
    Effect.mapError((error) => (error instanceof CommandFailed ? error : failedWithToolError(error))),
  )
})

const excluding = (one: string, other: string) =>
  new CommandFailed({ status: exitStatus.usage, reason: `${one} and ${other} exclude each other.` })

const checkFlags = ({ asJson, before, follow, message }: Input) => {
  if (!follow) return Effect.void
  if (asJson) return excluding("--follow", "--json")
  if (Option.isSome(before)) return excluding("--follow", "--before")
  return Option.isSome(message) ? excluding("--follow", "--message") : Effect.void
}

/** The messages, and what waits for a person. */
const show = Effect.fnUntraced(function* (origin: Origin, input: Input) {
  yield* showFacts(origin)
  const screen = yield* makeConversationScreen(origin.target.instance, origin.session)
  yield* showPage(origin, screen, input)
  const pending = yield* pendingRequestsOf(origin.opencode, origin.session)
  yield* Effect.forEach(pending, screen.request, { discard: true })
})

export const readSession = Effect.fnUntraced(function* (input: Input) {
  yield* checkFlags(input)
  const { use } = yield* Fleet
  const client = yield* OpencodeClient
  const place = yield* chosenPlace(input)
  if (input.asJson) return yield* printJson(place, input)
  if (input.follow) return yield* followSession(place, input)
  yield* use(place.instance, (target) =>
    Effect.gen(function* () {
      const origin = yield* findOrigin(client, target, place.session_id)
      return yield* Option.isSome(input.message) ? showMessage(origin, input.message.value) : show(origin, input)
    }),
  ).pipe(Effect.mapError(failedWithToolError))
})

export const read = Command.make("read", input, readSession).pipe(
  Command.withDescription(`Shows the conversation of a session, newest message last: who wrote when, texts in full, each tool call in one line, and what waits for a person with the command that decides it. The conversation goes to stdout, facts about it to stderr.

--follow then shows what comes, through all turns and also those that other clients start, until Ctrl-C. The agent does not notice. If the instance cannot be reached, it says why and since when, and keeps trying. It ends when the instance is gone: its process has exited, or it is not announced any more.

Exit status: 0; 1 if the session is unknown or deleted, or the instance does not answer or refuses the password; 2 for a usage error; 5 if the instance is gone (--follow); 130 after Ctrl-C.`),
  Command.withShortDescription("Show the conversation of a session"),
  Command.withExamples([
    { command: "opencode-fleet read my-project latest", description: "Read the most recently updated session" },
    { command: "opencode-fleet read my-project latest --follow", description: "Watch an agent at its work" },
    {
      command: "opencode-fleet read my-project latest --message msg_5b1c > answer.md",
      description: "Save one message in full",
    },
  ]),
  Command.provide(fleetLayer),
)
