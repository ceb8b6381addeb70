/** The tool that shows what a session has changed in its files. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { reads } from "../shared/annotations.ts"
import { SessionFailure } from "../shared/failures.ts"
import { answered, count, field, Instance, SessionReference } from "../shared/parameters.ts"
import { renderDiff } from "./renderChanges.ts"

const opt = Schema.optionalKey

export const FileView = Schema.Struct({
  path: field(Schema.String, "Relative to the root of the git repository"),
  status: field(Schema.Literals(["added", "deleted", "modified"]), "All turns together; a renamed file is both"),
  additions: field(count, "Lines"),
  deletions: field(count, "Lines"),
  patch: opt(field(Schema.String, "Unified diff of all turns together. Where it is cut it says so")),
  detail: opt(field(Schema.String, "Why there is no patch, or several")),
})
export type FileView = typeof FileView.Type

export const DiffView = Schema.Struct({
  instance: answered,
  session_id: field(Schema.String, "Full id of the session"),
  message_id: opt(field(Schema.String, "The user message of the turn, if only one was asked for")),
  file_count: field(count, "Number of files changed"),
  additions: field(count, "Lines, all files together"),
  deletions: field(count, "Lines, all files together"),
  files: field(Schema.Array(FileView), "Changed last first"),
  untold_files: field(
    Schema.Array(Schema.String),
    "Absolute paths of files changed by turns of which opencode has no diff: running, broken off, or changed back by themselves. The first of them",
  ),
  turns: field(count, "Number of turns looked at, the newest"),
  older_turns: field(count, "Number of older turns not looked at"),
  more_turns: field(Schema.Boolean, "Whether there are more of those than `older_turns` says"),
  note: field(Schema.String, "Why there is nothing, or what is not in it; empty otherwise"),
})
export type DiffView = typeof DiffView.Type

export const GetDiff = Tool.make("get_diff", {
  description:
    "Show which files an agent changed, with a unified diff: in a whole session (its turns put together) or in one turn. Works in git repositories.",
  parameters: Schema.Struct({
    instance: Instance,
    session_id: SessionReference,
    message_id: opt(
      Schema.String.annotate({
        description: "Only the turn that this message belongs to: an id from get_session or send_message",
      }),
    ),
  }),
  success: DiffView,
  failure: SessionFailure,
  failureMode: "return",
  toModelOutput: (view: DiffView) => [Prompt.textPart({ text: renderDiff(view) })],
}).annotateMerge(reads("Show changed files"))

export const DiffTools = Toolkit.make(GetDiff)
