/** The answer of get_diff. */
import { Schema } from "effect"
import { pageFields } from "../shared/page.ts"
import { unreadableFields } from "../shared/unreadable.ts"
import { count, field, InstanceName } from "../shared/fields.ts"

const opt = Schema.optionalKey

export const FileView = Schema.Struct({
  path: field(Schema.String, "Relative to the root of the git repository"),
  status: field(
    Schema.Literals(["added", "deleted", "modified"]),
    "Over all turns. A rename is one deleted and one added file",
  ),
  additions: field(count, "Lines"),
  deletions: field(count, "Lines"),
  patch: opt(field(Schema.String, "Unified diff over all turns; a cut is marked")),
  detail: opt(field(Schema.String, "Why there is no patch, or more than one")),
})
export type FileView = typeof FileView.Type

export const DiffView = Schema.Struct({
  instance: InstanceName,
  session_id: field(Schema.String, "Full session id"),
  message_id: opt(field(Schema.String, "The user message of the turn, if one turn was requested")),
  file_count: field(count, "Number of changed files"),
  additions: field(count, "Lines, in all files"),
  deletions: field(count, "Lines, in all files"),
  files: field(Schema.Array(FileView), "Most recently changed first"),
  files_without_diff: field(
    Schema.Array(Schema.String),
    "Absolute paths of files changed by turns for which there is no diff: running, interrupted or fully reverted turns, or a diff that is not understood. The first ones",
  ),
  files_without_diff_count: opt(field(count, "Number of these files, if there are more")),
  ...pageFields,
  turn_count: field(count, "Number of turns included, the newest ones"),
  older_turn_count: opt(field(count, "Number of older turns not included")),
  has_more_turns: opt(field(Schema.Boolean, "True if there are more older turns than `older_turn_count`")),
  ...unreadableFields,
  note: opt(field(Schema.String, "Why the diff is empty, incomplete or not reliable")),
})
export type DiffView = typeof DiffView.Type
