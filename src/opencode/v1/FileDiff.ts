/** What a turn has changed in one file, as `GET /session/:id/diff?messageID=` gives it. */
import { Schema } from "effect"

const opt = Schema.optionalKey

export const FileDiff = Schema.Struct({
  /** Relative to the root of the repository. */
  file: opt(Schema.String),
  /** A unified diff with the whole file as context; empty for a binary file, without hunks for a name that git quotes. */
  patch: opt(Schema.String),
  additions: Schema.Finite,
  deletions: Schema.Finite,
  status: opt(Schema.Literals(["added", "deleted", "modified"])),
})
export type FileDiff = typeof FileDiff.Type
