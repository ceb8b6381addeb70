/** `opencode-fleet describe`: shows the agents, models, slash commands and projects of an instance. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { describeHandlers } from "../../tools/instances/describeHandlers.ts"
import { asJsonFlag } from "../arguments/asJson.ts"
import { ifGiven } from "../arguments/ifGiven.ts"
import { chosenInstance, instance } from "../arguments/instance.ts"
import { fleetLayer } from "../fleetLayer.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { descriptionText } from "../terminal/descriptionText.ts"
import { toJson } from "../terminal/terminal.ts"

const directory = Flag.String("directory").pipe(
  Flag.withAlias("d"),
  Flag.withDescription(
    "A directory on the instance's machine, an absolute path, if the instance serves several projects",
  ),
  Flag.optional,
)

const asJson = asJsonFlag("JSON in the shape of the MCP tool describe_instance")

export const describe = Command.make(
  "describe",
  { instance, directory, asJson },
  Effect.fnUntraced(function* ({ asJson, directory, instance }) {
    const { describe_instance } = yield* describeHandlers
    const view = yield* Effect.mapError(
      describe_instance({
        instance: yield* chosenInstance(instance),
        ...ifGiven("directory", directory),
      }),
      failedWithToolError,
    )
    yield* Console.log(asJson ? toJson(view) : descriptionText(view))
  }),
).pipe(
  Command.withDescription(`Shows what an instance offers: agents, models, slash commands and projects.

Exit status: 0; 1 if the instance is unknown or does not answer; 2 for a usage error.`),
  Command.withShortDescription("Show an instance's agents, models and commands"),
  Command.withExamples([
    { command: "opencode-fleet describe my-project", description: "Show what --agent and --model can name" },
  ]),
  Command.provide(fleetLayer),
)
