/** What a turn has changed in one file, as `GET /session/:id/diff?messageID=` gives it. */
import { Schema } from "effect"

const opt = Schema.optionalKey

export const FileDiff = Schema.Struct({
  /** Relative to the session's directory. */
  file: opt(Schema.String),
  /** A unified diff of this file. */
  patch: opt(Schema.String),
  additions: Schema.Finite,
  deletions: Schema.Finite,
  status: opt(Schema.Literals(["added", "deleted", "modified"])),
})
export type FileDiff = typeof FileDiff.Type
