/** The change of one file by one turn, as in `GET /session/:id/diff?messageID=`. */
import { Schema } from "effect"

const opt = Schema.optionalKey

/** Decodes to the domain's `FileDiff`. */
export const WireFileDiff = Schema.Struct({
  file: opt(Schema.String),
  patch: opt(Schema.String),
  additions: Schema.Finite,
  deletions: Schema.Finite,
  status: opt(Schema.Literals(["added", "deleted", "modified"])),
})
