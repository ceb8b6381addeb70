/** `opencode-fleet send`: sends a message to an agent and follows its turn. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { makeSendToSessions } from "../../tools/many/sendToSessions.ts"
import { Settings } from "../../Settings.ts"
import type { ToolError } from "../../tools/shared/errorText.ts"
import { checkNewSession } from "../../tools/turns/newSession.ts"
import type { PromptParameters } from "../../tools/turns/promptOptions.ts"
import { turnHandlers } from "../../tools/turns/turnHandlers.ts"
import type { TurnView } from "../../tools/turns/turnSchemas.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { destinationsOf, manyFlags, onlyMessage } from "../arguments/destinations.ts"
import { chosenInstance, instance } from "../arguments/instance.ts"
import { chosenMessage, message } from "../arguments/message.ts"
import { chosenSession, sessionReferences } from "../arguments/session.ts"
import { CommandFailed, exitStatus, failedWithToolError } from "../process/exitStatus.ts"
import { endWith } from "../process/turnExit.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { showMany } from "../terminal/showMany.ts"
import { showTurn } from "../terminal/showTurn.ts"
import { toJson } from "../terminal/terminal.ts"
import type { TurnScreen } from "../terminal/turnScreen.ts"
import { ownCommand } from "../../text/ownCommand.ts"

const session = Argument.String("session").pipe(
  Argument.withDescription(`The session: ${sessionReferences}, or "new" for a new one`),
  Argument.optional,
)

const ifBusy = Flag.Literals("if-busy", ["wait", "steer", "fail"]).pipe(
  Flag.withDescription(
    "If the session is busy: wait until its turn ends, steer (add the message to that turn), or fail (default wait)",
  ),
  Flag.withDefault("wait"),
)

const agent = Flag.String("agent").pipe(
  Flag.withDescription('The agent to use, such as "build" or "plan" (default: the session\'s own)'),
  Flag.optional,
)

const model = Flag.String("model").pipe(
  Flag.withDescription("The model to use, as provider/model (default: the session's own)"),
  Flag.optional,
)

const messageId = Flag.String("message-id").pipe(
  Flag.withDescription(
    "An id of your own for the message, such as msg_nightly-42. A repeated call with it sends nothing and shows the outcome. Not with a new session",
  ),
  Flag.optional,
)

const directory = Flag.String("directory").pipe(
  Flag.withAlias("d"),
  Flag.withDescription(
    'For a "new" session: its directory on the instance\'s machine, an absolute path. Needed for an opencode 2 that serves several projects',
  ),
  Flag.optional,
)

const isAsync = bareFlag("async").pipe(
  Flag.withDescription("Return when opencode has the message, and print only the session's id, instead of the turn"),
)

const asJson = asJsonFlag(
  "the turn as JSON when it ends, in the shape of the MCP tool send_message, instead of its text",
)

/** A repeated call could not know in which session the first one has put the message. */
const idForNewSession = Effect.fail(
  new CommandFailed({
    status: exitStatus.usage,
    reason:
      "--message-id needs a session that exists, because each call with `new` creates another one. Send without it, or to the id of a session.",
  }),
)

const createSession = Effect.fnUntraced(function* (
  instance: string,
  directory: Option.Option<string>,
  prompt: PromptParameters,
  note: TurnScreen["note"],
) {
  const { create_session } = yield* sessionHandlers()
  const place = { instance, ...ifGiven("directory", directory) }
  yield* checkNewSession({ ...place, ...prompt })
  if (prompt.message_id !== undefined) return yield* idForNewSession
  const created = yield* create_session(place)
  yield* note(`New session ${created.session.session_id} on ${created.instance}, in ${created.session.directory}.`)
  return created.session.session_id
})

const unconfirmed = (instance: string) =>
  `Interrupted before opencode confirmed the message; it may or may not have been delivered. \`${ownCommand("sessions", instance)}\` shows whether the session is busy.`

/** The agent keeps working when the command stops following it. */
const noteInterrupted = ({ note, turn }: TurnScreen, instance: string) =>
  Effect.flatMap(turn, (turn) =>
    note(
      turn?.accepted === true
        ? `Stopped following. The agent is still working in session ${turn.session}. Stop it with \`${ownCommand("abort", instance, turn.session)}\`.`
        : unconfirmed(instance),
    ),
  )

const newSession = { title: "(a new session)", value: "new" }

/** With `--async`, the command succeeds when opencode has the message. */
const showAccepted = Effect.fnUntraced(function* <E extends ToolError | CommandFailed, R>(
  { asJson, instance }: { readonly asJson: boolean; readonly instance: string },
  sending: Effect.Effect<TurnView, E, R>,
) {
  const view = yield* sending.pipe(
    Effect.onInterrupt(() => Console.error(unconfirmed(instance))),
    Effect.mapError((error) => (error._tag === "CommandFailed" ? error : failedWithToolError(error))),
  )
  if (asJson) yield* Console.log(toJson(view))
  // It waits in the queue of a session whose turn waits for a person, or has already failed.
  if (view.outcome !== "accepted" || view.waiting_for !== undefined) return yield* endWith(view)
  if (!asJson) yield* Console.log(view.session_id)
  yield* Console.error(
    `opencode has the message. \`${ownCommand("read", view.instance, view.session_id, "--follow")}\` shows what the agent does.`,
  )
})

const input = { instance, session, message, directory, ifBusy, agent, model, messageId, isAsync, asJson }

const all = { ...input, ...manyFlags }

const sendToAll = Effect.fnUntraced(function* (given: Command.Command.Config.Infer<typeof all>) {
  const { agent, allIdle, directory, ifBusy, instance, isAsync, messageId, model, session, to, yes } = given
  const refused = { "--message-id": Option.isSome(messageId), "--async": isAsync }
  const message = yield* onlyMessage([instance, session, given.message], refused)
  const choice = { ...ifGiven("agent", agent), ...ifGiven("model", model), ...ifGiven("directory", directory) }
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  // Without a terminal it fails, before anything says that a message will be sent.
  if (Option.isNone(message) && !canPrompt) yield* chosenMessage(message)
  const sessions = yield* destinationsOf({ to, allIdle, yes, ifBusy, ...choice })
  const text = yield* chosenMessage(message)
  const send = yield* makeSendToSessions(yield* Settings)
  const sent = { text, ifBusy, ...choice }
  const isWaiting = ifBusy === "wait" && sessions.some(({ isBusy }) => isBusy)
  const interrupted = isWaiting
    ? "A session that was busy until now does not get the message, unless its opencode keeps a queue (opencode 2)."
    : ""
  yield* showMany({ until: "all", asJson: given.asJson, interrupted }, (options) => send(sessions, sent, options))
})

/** Sends the message and shows its turn. Fails with `CommandFailed` if the turn is not completed. */
export const sendMessage = Effect.fnUntraced(function* ({
  agent,
  asJson,
  directory,
  ifBusy,
  instance,
  isAsync,
  message,
  messageId,
  model,
  session,
}: Command.Command.Config.Infer<typeof input>) {
  const { send_message } = yield* turnHandlers(yield* Settings)
  const chosen = yield* chosenInstance(instance)
  const reference = yield* chosenSession(chosen, session, [newSession])
  const text = yield* chosenMessage(message)
  const prompt = {
    ...ifGiven("agent", agent),
    ...ifGiven("model", model),
    ...ifGiven("message_id", messageId),
  }
  const sending = Effect.fnUntraced(function* (note: TurnScreen["note"]) {
    return yield* send_message({
      instance: chosen,
      session_id: reference === "new" ? yield* createSession(chosen, directory, prompt, note) : reference,
      message: text,
      if_busy: ifBusy,
      ...(isAsync ? { async: true } : {}),
      ...prompt,
    })
  })
  if (isAsync) return yield* showAccepted({ asJson, instance: chosen }, sending(Console.error))
  yield* showTurn({ asJson, interrupted: (screen) => noteInterrupted(screen, chosen) }, ({ note }) => sending(note))
})

export const sendOneOrMany = (given: Command.Command.Config.Infer<typeof all>) =>
  given.to.length > 0 || given.allIdle ? sendToAll(given) : sendMessage(given)

export const send = Command.make("send", all, sendOneOrMany).pipe(
  Command.withDescription(`Sends a message to an agent and follows its turn.

The agent's text is streamed to stdout; tools, retries and heartbeats are shown on stderr. In a terminal, a permission or a question of the agent is shown as a form; Esc or Ctrl-C closes the form and leaves the request open. Without a terminal, the command prints the request and exits; the agent waits until \`approve\`, \`reject\` or \`answer\` decides it.

Ctrl-C stops following; the agent keeps working: \`read --follow\` follows it again, \`abort\` stops it. The turn is followed for at most SEND_TIMEOUT_MS (default 280 s), including the time you take to decide. --async follows nothing: it prints the session's id when opencode has the message.

With --to or --all-idle, MESSAGE is the only argument. It is sent to each of the sessions; one line shows how each turn ended, or what it waits for.

Exit status: 0 if the turn completed, or with --async if opencode has the message; 1 if it failed, was aborted, rejected or interrupted, if the instance went away, or for any other error; 2 for a usage error; 3 if the turn, or the turn that the session is busy with, is waiting for a person; 4 if it is still running; with several sessions, that of the worst; 130 after Ctrl-C.`),
  Command.withShortDescription("Send a message to an agent and follow its turn"),
  Command.withExamples([
    {
      command: 'opencode-fleet send my-project new "Fix the failing test"',
      description: "Start work in a new session",
    },
    {
      command: 'opencode-fleet send my-project latest "Go on" --if-busy steer',
      description: "Add a message to the running turn of the most recently updated session",
    },
    {
      command: 'id=$(opencode-fleet send my-project new "Update the docs" --async)',
      description: "Give an agent work without waiting for it",
    },
    {
      command: 'opencode-fleet send --to api/latest --to web/new "Update the dependencies"',
      description: "Give several agents the same task, and print one line for each",
    },
    {
      command: "git diff | opencode-fleet send my-project new - --agent plan > review.md",
      description: "Read the message from stdin and save the answer",
    },
  ]),
  Command.provide(fleetLayer),
)
