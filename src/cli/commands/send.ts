/** `opencode-fleet send` */
import { Console, Effect, Option, Schema, Stdio, Stream } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import { Call } from "../../mcp/Call.ts"
import { TurnWatcher } from "../../tools/turns/TurnWatcher.ts"
import { sessionHandlers } from "../../tools/sessions/sessionHandlers.ts"
import { Settings } from "../../Settings.ts"
import { turnHandlers } from "../../tools/turns/turnHandlers.ts"
import { CommandFailed, exitStatus, failedWith, failedWithToolError } from "../process/exitStatus.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { instance } from "./sessions.ts"
import { terminalForm } from "../terminal/terminalForm.ts"
import { toJson } from "../terminal/terminal.ts"
import { endWith, summary } from "../process/turnExit.ts"
import { makeTurnScreen, type TurnScreen } from "../terminal/turnScreen.ts"

const session = Argument.String("session").pipe(
  Argument.withDescription(
    'The session: its full id, a unique beginning of the id, a unique part of the title, "latest" for the one updated last, or "new" for a new one',
  ),
)

const message = Argument.String("message").pipe(
  Argument.withDescription(
    'What the agent is to do; "-" reads it from stdin. One that begins with "-" goes behind "--"',
  ),
  Argument.withSchema(Schema.NonEmptyString),
)

const ifBusy = Flag.Literals("if-busy", ["wait", "steer", "fail"]).pipe(
  Flag.withDescription(
    "While another turn runs in the session: wait for its end, steer (hand the message to that turn), or fail (default wait)",
  ),
  Flag.withDefault("wait"),
)

const agent = Flag.String("agent").pipe(
  Flag.withDescription('Agent that is to answer, such as "build" or "plan"'),
  Flag.optional,
)

const model = Flag.String("model").pipe(Flag.withDescription("Model to use, as provider/model"), Flag.optional)

const asJson = Flag.Boolean("json").pipe(
  Flag.withDescription("Print what the MCP tool send_message answers, as JSON, instead of the text as it is written"),
  Flag.withDefault(false),
)

const fromStdin = Effect.gen(function* () {
  const text = yield* (yield* Stdio.Stdio).stdin.pipe(Stream.decodeText, Stream.mkString, Effect.mapError(failedWith))
  if (text.trim() === "") {
    return yield* new CommandFailed({ status: exitStatus.failed, reason: "There is no message on stdin." })
  }
  return text.replace(/\r?\n$/u, "")
})

const create = Effect.fnUntraced(function* (instance: string, { note }: TurnScreen) {
  const { create_session } = yield* sessionHandlers
  const created = yield* create_session({ instance })
  yield* note(`New session ${created.session.id} on ${created.instance}.`)
  return created.session.id
})

/** The agent works on when nobody follows it any more. */
const leave = ({ note, turn }: TurnScreen, instance: string) =>
  Effect.flatMap(turn, (turn) =>
    note(
      turn?.taken === true
        ? `Only the following has ended: the agent goes on in session ${turn.session}. Stop it in opencode, or through an MCP client with abort_session.`
        : `Ended before it was certain that the message has arrived. \`opencode-fleet sessions ${instance}\` shows whether the agent works on it.`,
    ),
  )

const input = { instance, session, message, ifBusy, agent, model, asJson }

/** Sends the message, shows its turn, and fails with the status of a turn that is not completed. */
export const sendMessage = Effect.fnUntraced(function* ({
  agent,
  asJson,
  ifBusy,
  instance,
  message,
  model,
  session,
}: Command.Command.Config.Infer<typeof input>) {
  const text = message === "-" ? yield* fromStdin : message
  const screen = yield* makeTurnScreen(asJson)
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const { send_message } = yield* turnHandlers(yield* Settings)
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof terminalForm>>>()
  const view = yield* Effect.gen(function* () {
    return yield* send_message({
      instance,
      session_id: session === "new" ? yield* create(instance, screen) : session,
      message: text,
      if_busy: ifBusy,
      ...(Option.isSome(agent) ? { agent: agent.value } : {}),
      ...(Option.isSome(model) ? { model: model.value } : {}),
    })
  }).pipe(
    Effect.provideService(Call, {
      wantsProgress: true,
      progress: ({ message }) => screen.note(message),
      canAsk: canPrompt,
      ask: (question) => Effect.provideContext(screen.alone(terminalForm(question)), services),
      resumed: Option.none(),
    }),
    Effect.provideService(TurnWatcher, Option.some(screen.written)),
    Effect.onInterrupt(() => leave(screen, instance)),
    Effect.mapError(failedWithToolError),
  )
  yield* screen.end
  for (const decision of view.decided ?? []) yield* screen.note(`Decision: ${decision}`)
  for (const { text } of view.waiting_for ?? []) yield* screen.note(text)
  if (asJson) yield* Console.log(toJson(view))
  yield* screen.note(summary(view))
  yield* endWith(view)
})

export const send = Command.make("send", input, sendMessage).pipe(
  Command.withDescription(`Give an agent work and follow its turn.

What the agent writes goes to stdout as it is written; tools, retries and signs of life go to stderr. In a terminal you are asked what the agent asks: Esc or Ctrl-C in such a form leaves the request open. Elsewhere the command ends with what waits, and the agent goes on once a person has decided.

Ctrl-C ends only the following: the agent goes on. It is followed for SEND_TIMEOUT_MS at most (default five minutes), your time to decide included.

Exit status: 0 the turn is completed; 1 it failed, was aborted, rejected or interrupted, or the instance went away, and every other error; 3 a permission or an answer of a person is needed; 4 it still runs; 130 after Ctrl-C.`),
  Command.withShortDescription("Send a message to an agent and follow its turn"),
  Command.withExamples([
    { command: 'opencode-fleet send my-project new "Fix the failing test"', description: "Give work to a new session" },
    {
      command: 'opencode-fleet send my-project latest "Go on" --if-busy steer',
      description: "Say something to the session updated last, whatever it does",
    },
    {
      command: "git diff | opencode-fleet send my-project new - --agent plan > review.md",
      description: "Take the message from stdin and keep the answer",
    },
  ]),
  Command.provide(fleetLayer),
)
