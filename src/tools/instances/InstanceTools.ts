/** list_instances and refresh_instances: show the fleet. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { readOnly } from "../shared/annotations.ts"
import { limit, offset, optionalText } from "../shared/parameters.ts"
import { FleetView } from "./instanceSchemas.ts"
import { renderFleet } from "./renderInstances.ts"

const toModelOutput = (fleet: FleetView) => [Prompt.textPart({ text: renderFleet(fleet) })]

export const ListInstances = Tool.make("list_instances", {
  description:
    "List the opencode instances (coding agents): health, directory, whether they are busy or wait for a person. Start here. Answers from memory.",
  parameters: Schema.Struct({
    search: optionalText(
      Schema.String.annotate({
        description: "Part of name, host or directory",
      }),
    ),
    limit: limit(1000, 50),
    offset,
  }),
  success: FleetView,
  toModelOutput,
}).annotateMerge(readOnly("List instances"))

export const RefreshInstances = Tool.make("refresh_instances", {
  description: "Scan again, then list the instances: if one is missing or was just started.",
  success: FleetView,
  toModelOutput,
}).annotateMerge(readOnly("Refresh instances"))

export const InstanceTools = Toolkit.make(ListInstances, RefreshInstances)
