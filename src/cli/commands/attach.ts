/** `opencode-fleet attach`: opens opencode's own terminal UI on an instance. */
import { Effect, Option } from "effect"
import { Argument, Command, TerminalCapabilities } from "effect/cli"
import { attachUi } from "../../connect/attachUi.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { connectErrorText } from "../connect/connectErrorText.ts"
import { chosenInstance } from "../arguments/instance.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { errorText } from "../process/errorText.ts"
import { failedBecause } from "../process/exitStatus.ts"
import { OpencodeEnded } from "../process/opencodeEnded.ts"
import { takeStopSignals } from "../process/stopSignals.ts"

const instance = Argument.String("instance").pipe(
  Argument.withDescription(
    "The instance: its name or a unique part of it (case-insensitive). Default: the only one that is online; in a terminal, you choose among several",
  ),
  Argument.optional,
)

const args = Argument.String("opencode arguments").pipe(
  Argument.variadic(),
  Argument.withDescription("Passed to opencode; put them after --"),
)

/** Without a name and without a terminal, only an instance that is the only one online can be meant. */
const reference = Effect.fnUntraced(function* (given: Option.Option<string>) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  return Option.isSome(given) || canPrompt ? yield* chosenInstance(given) : undefined
})

/** Fails with `OpencodeEnded` if opencode reports an error. */
const attachInstance = Effect.fnUntraced(function* ({
  args,
  instance,
}: {
  readonly args: ReadonlyArray<string>
  readonly instance: Option.Option<string>
}) {
  const { use } = yield* Fleet
  const status = yield* use(yield* reference(instance), (target, { health, name }) =>
    Effect.gen(function* () {
      if (health.state !== "online") return yield* failedBecause(`${name} is ${health.state}: ${health.reason}.`)
      const stopSignals = yield* takeStopSignals
      return yield* Effect.mapError(
        attachUi({ target: { ...target, instance: name }, api: health.api ?? 1, args, stopSignals }),
        (error) => failedBecause(connectErrorText(error)),
      )
    }),
  ).pipe(
    Effect.mapError((error) => (error._tag === "CommandFailed" ? error : failedBecause(errorText(error)))),
    Effect.scoped,
  )
  if (status !== 0) return yield* new OpencodeEnded({ status })
})

export const attach = Command.make("attach", { instance, args }, attachInstance).pipe(
  Command.withShortDescription("Open opencode's terminal UI on an instance"),
  Command.withDescription(
    `Opens opencode's own terminal UI on an instance of the fleet, also on another machine. The opencode on the PATH must have the instance's major version. It receives the instance's password in its environment, never as an argument. When it ends, the instance keeps running.

Exit status: opencode's own; 1 if the instance is unknown or not online, or opencode cannot show it; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet attach build", description: "Open the terminal UI on the instance build" },
    {
      command: "opencode-fleet attach build -- --session ses_5b1c",
      description: "Pass arguments to opencode, for example to continue a session",
    },
  ]),
  Command.provide(fleetLayer),
)
