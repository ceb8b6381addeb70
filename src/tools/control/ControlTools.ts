/** start_instance: starts opencode on another machine. Offered only where ssh hosts are configured. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { annotations } from "../shared/annotations.ts"
import { StartFailure } from "../shared/failures.ts"
import { optionalText } from "../shared/parameters.ts"
import { StartedView } from "./controlSchemas.ts"
import { renderStarted } from "./renderStarted.ts"

export const StartInstance = Tool.make("start_instance", {
  description:
    "Start opencode on a host in SSH_HOSTS: its service (opencode 2), or a server in a directory (opencode 1). Does nothing if it is running.",
  parameters: Schema.Struct({
    host: Schema.String.annotate({ description: "A host in SSH_HOSTS" }),
    directory: optionalText(Schema.String.annotate({ description: "Path there; required by opencode 1" })),
  }),
  success: StartedView,
  failure: StartFailure,
  failureMode: "return",
  toModelOutput: (view: StartedView) => [Prompt.textPart({ text: renderStarted(view) })],
}).annotateMerge(
  annotations("Start opencode on a host", { readOnly: false, destructive: false, idempotent: true, openWorld: true }),
)

export const ControlTools = Toolkit.make(StartInstance)
