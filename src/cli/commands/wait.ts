/** `opencode-fleet wait`: waits for the turns of several sessions. */
import { Console, Effect } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { type BusySession, makeReadBusySessions } from "../../tools/many/busySessions.ts"
import { makeWaitForSessions } from "../../tools/many/followSessions.ts"
import { Settings } from "../../Settings.ts"
import { line } from "../../text/plainText.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { type Choice, chooseSeveral } from "../arguments/choose.ts"
import { placeName, placesOf, placeText } from "../arguments/places.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { showMany } from "../terminal/showMany.ts"

const places = Argument.String("instance/session").pipe(
  Argument.withDescription(
    `${placeText}. Default: all sessions that are busy now; in a terminal, those of them that you choose`,
  ),
  Argument.variadic(),
)

const any = bareFlag("any").pipe(
  Flag.withDescription("Return when one of them has ended or waits for a person (default: all of them)"),
)

const input = { places, any, asJson: asJsonFlag("JSON at the end, in the shape of the MCP tool wait_for_sessions") }

const choiceOf = (session: BusySession): Choice<BusySession> => ({
  title: `${session.title} · ${placeName(session)}`,
  value: session,
})

/** Fails with `CommandFailed` for the worst outcome. */
export const waitForSessions = Effect.fnUntraced(function* ({
  any,
  asJson,
  places,
}: Command.Command.Config.Infer<typeof input>) {
  const wait = yield* makeWaitForSessions(yield* Settings)
  const until = any ? ("any" as const) : ("all" as const)
  if (places.length > 0) {
    return yield* showMany({ until, asJson }, (options) => wait(placesOf(places), options))
  }
  const { sessions, unchecked } = yield* yield* makeReadBusySessions
  for (const { error, instance } of unchecked) yield* Console.error(`Not checked: ${line(instance)}: ${line(error)}`)
  if (sessions.length === 0) yield* Console.error("No session is busy.")
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const chosen = canPrompt ? yield* chooseSeveral("Wait for which?", sessions.map(choiceOf)) : sessions
  yield* showMany({ until, asJson, unchecked }, (options) => wait(chosen, options))
})

export const wait = Command.make("wait", input, waitForSessions).pipe(
  Command.withDescription(`Waits until all of the sessions, or with --any one of them, have ended their turn or wait for a person.

Prints one line on stdout as each session ends, and progress on stderr. A session that had ended before counts immediately, with the outcome of its last turn. It decides nothing: \`approve\`, \`reject\` and \`answer\` do. It waits for at most SEND_TIMEOUT_MS (default 280 s).

Ctrl-C stops following; the agents keep working.

Exit status, for the worst of the sessions: 1 if a turn failed, was aborted, rejected or interrupted, or a session cannot be followed; otherwise 3 if one waits for a person; otherwise 4 if one is still running (with --any, only if none has ended); 0 if all completed; 2 for a usage error; 130 after Ctrl-C.`),
  Command.withShortDescription("Wait for the turns of several sessions"),
  Command.withExamples([
    { command: "opencode-fleet wait", description: "Wait for everything that is busy now" },
    {
      command: "opencode-fleet wait api/latest web/ses_5b1c --any",
      description: "Return when the first of two sessions has ended or waits for a person",
    },
  ]),
  Command.provide(fleetLayer),
)
