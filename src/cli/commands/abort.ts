/** `opencode-fleet abort`: stops the running turn of a session. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { Settings } from "../../Settings.ts"
import { turnHandlers } from "../../tools/turns/turnHandlers.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { chosenPlace, placeArguments } from "../arguments/session.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedBecause, failedWithToolError } from "../process/exitStatus.ts"
import { abortStatus, abortText } from "../terminal/abortText.ts"
import { toJson } from "../terminal/terminal.ts"

const asJson = asJsonFlag("JSON in the shape of the MCP tool abort_session")

const input = { ...placeArguments, asJson }

/** Fails with `CommandFailed` if the turn is not stopped. */
export const abortSession = Effect.fnUntraced(function* ({
  asJson,
  ...place
}: Command.Command.Config.Infer<typeof input>) {
  const { abort_session } = yield* turnHandlers(yield* Settings)
  const view = yield* Effect.mapError(abort_session(yield* chosenPlace(place)), failedWithToolError)
  const status = abortStatus(view)
  if (asJson) yield* Console.log(toJson(view))
  if (status !== 0) return yield* failedBecause(abortText(view), status)
  if (!asJson) yield* Console.log(abortText(view))
})

export const abort = Command.make("abort", input, abortSession).pipe(
  Command.withDescription(`Stops the running turn of a session, and dismisses what it waits for. The work done so far is kept.

Exit status: 0 if the turn was stopped or nothing was running; 1 if another opencode is running the turn, or for any other error; 2 for a usage error; 4 if the session is still busy.`),
  Command.withShortDescription("Stop the running turn of a session"),
  Command.withExamples([
    { command: "opencode-fleet abort my-project latest", description: "Stop the most recently updated session" },
  ]),
  Command.provide(fleetLayer),
)
