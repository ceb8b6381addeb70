/** describe_instance: what an instance offers to a session. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { readOnly } from "../shared/annotations.ts"
import { CreateFailure } from "../shared/failures.ts"
import { Instance, offsetOf, optionalText } from "../shared/parameters.ts"
import { DescriptionView } from "./describeSchemas.ts"
import { renderDescription } from "./renderDescription.ts"

export const DescribeInstance = Tool.make("describe_instance", {
  description: "Show what an instance offers: agents, models, slash commands and projects.",
  parameters: Schema.Struct({
    instance: Instance,
    directory: optionalText(Schema.String.annotate({ description: "Absolute path" })),
    offset: offsetOf("Models to skip"),
  }),
  success: DescriptionView,
  failure: CreateFailure,
  failureMode: "return",
  toModelOutput: (view: DescriptionView) => [Prompt.textPart({ text: renderDescription(view) })],
}).annotateMerge(readOnly("Describe an instance"))

export const DescribeTools = Toolkit.make(DescribeInstance)
