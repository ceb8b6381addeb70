/** get_diff: shows the files that a session has changed. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { readOnly } from "../shared/annotations.ts"
import { SessionFailure } from "../shared/failures.ts"
import { Instance, offsetOf, SessionReference, optionalText } from "../shared/parameters.ts"
import { DiffView } from "./changeSchemas.ts"
import { renderDiff } from "./renderChanges.ts"

export const GetDiff = Tool.make("get_diff", {
  description:
    "Show the files an agent changed, with a unified diff, in a whole session or one turn. Works in git repositories only.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message_id: optionalText(
      Schema.String.annotate({
        description: "Only this message's turn: an id from get_session or send_message",
      }),
    ),
    path: optionalText(Schema.String.annotate({ description: "Only this file, with its patch in full" })),
    offset: offsetOf("Files to skip; with path: characters of its patch"),
  }),
  success: DiffView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: DiffView) => [Prompt.textPart({ text: renderDiff(view) })],
}).annotateMerge(readOnly("Show changed files"))

export const ChangeTools = Toolkit.make(GetDiff)
