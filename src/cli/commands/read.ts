/** `opencode-fleet read`: shows the conversation of a session, and with `--follow` what comes. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
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
import { makeConversationScreen } from "../terminal/conversationScreen.ts"
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

const follow = Flag.Boolean("follow").pipe(
  Flag.withAlias("f"),
  Flag.withDescription("Then also show new messages, from any client, until Ctrl-C"),
  Flag.withDefault(false),
)

const asJson = asJsonFlag("JSON in the shape of the MCP tool get_session")

const input = { ...placeArguments, limit, before, message, follow, asJson }

type Input = Command.Command.Config.Infer<typeof input>

const printJson = Effect.fnUntraced(function* (place: Place, { before, limit, message }: Input) {
  const { get_session } = yield* sessionHandlers({ maxAnswerChars: Infinity })
  const parameters = { ...place, message_limit: limit, ...ifGiven("before", before), ...ifGiven("message_id", message) }
  yield* Console.log(toJson(yield* Effect.mapError(get_session(parameters), failedWithToolError)))
})

/** Shows the messages, and returns the screen and the messages. */
const showPage = Effect.fnUntraced(function* (origin: Origin, { before, limit }: Input) {
  const { opencode, session, target } = origin
  const { result: page, unreadable } = yield* countingUnreadable(
    opencode.messages(session.id, { limit, ...ifGiven("before", before) }),
  )
  const active = yield* detailedActivities(opencode, [session])
  const status = active.get(session.id)?.status.type ?? "idle"
  yield* Console.error([line(session.title), session.id, status, line(session.directory), target.instance].join(" · "))
  if (page.older !== undefined) yield* Console.error(`Older messages: --before ${page.older}`)
  const unknown = notUnderstood(unreadable, target.version)
  if (unknown !== undefined) yield* Console.error(unknown)
  if (page.messages.length === 0 && unknown === undefined) yield* Console.error("No messages yet.")
  const screen = yield* makeConversationScreen(target.instance, session)
  yield* Effect.forEach(page.messages, screen.message, { discard: true })
  return { screen, messages: page.messages }
})

const excluding = (one: string, other: string) =>
  new CommandFailed({ status: exitStatus.usage, reason: `${one} and ${other} exclude each other.` })

const checkFlags = ({ asJson, before, follow, message }: Input) => {
  if (!follow) return Effect.void
  if (asJson) return excluding("--follow", "--json")
  if (Option.isSome(before)) return excluding("--follow", "--before")
  return Option.isSome(message) ? excluding("--follow", "--message") : Effect.void
}

export const readSession = Effect.fnUntraced(function* (input: Input) {
  yield* checkFlags(input)
  const { use } = yield* Fleet
  const client = yield* OpencodeClient
  const events = yield* InstanceEvents
  const place = yield* chosenPlace(input)
  if (input.asJson) return yield* printJson(place, input)
  yield* use(place.instance, (target) =>
    Effect.gen(function* () {
      const origin = yield* findOrigin(client, target, place.session_id)
      if (Option.isSome(input.message)) return yield* showMessage(origin, input.message.value)
      if (!input.follow) {
        const { screen } = yield* showPage(origin, input)
        const pending = yield* pendingRequestsOf(origin.opencode, origin.session)
        return yield* Effect.forEach(pending, screen.request, { discard: true })
      }
      // Subscribed first, so that nothing is missed between what is stored and what comes.
      const notices = yield* events.subscribe(target)
      const { messages, screen } = yield* showPage(origin, input)
      return yield* followConversation(origin, notices, screen, messages)
    }).pipe(Effect.scoped),
  ).pipe(Effect.mapError((error) => (error._tag === "CommandFailed" ? error : failedWithToolError(error))))
})

export const read = Command.make("read", input, readSession).pipe(
  Command.withDescription(`Shows the conversation of a session, newest message last: who wrote when, texts in full, each tool call in one line, and what waits for a person with the command that decides it. The conversation goes to stdout, facts about it to stderr.

--follow then shows what comes, through all turns and also those that other clients start, until Ctrl-C. It survives a broken connection. The agent does not notice.

Exit status: 0; 1 if the session is unknown or deleted, or the instance does not answer; 2 for a usage error; 130 after Ctrl-C.`),
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
