/** get_diff: shows the files that a session has changed. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { readOnly } from "../shared/annotations.ts"
import { SessionFailure } from "../shared/failures.ts"
import { Instance, offsetOf, SessionReference, optionalText } from "../shared/parameters.ts"
import { DiffView } from "./changeSchemas.ts"
import { renderDiff } from "./renderChanges.ts"

export const GetDiff = Tool.make("get_diff", {
  description: "Show what an agent changed in a session or one turn, as a diff. In git repositories only.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message_id: optionalText(
      Schema.String.annotate({
        description: "Only the turn of this message",
      }),
    ),
    path: optionalText(Schema.String.annotate({ description: "Only this file, in full" })),
    offset: offsetOf("Files to skip; with path: characters of its patch"),
  }),
  success: DiffView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: DiffView) => [Prompt.textPart({ text: renderDiff(view) })],
}).annotateMerge(readOnly("Show changed files"))

export const ChangeTools = Toolkit.make(GetDiff)
