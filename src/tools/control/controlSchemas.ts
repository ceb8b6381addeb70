/** The answer of start_instance. */
import { Schema } from "effect"
import { field } from "../shared/fields.ts"

export const StartedView = Schema.Struct({
  host: field(Schema.String, "The host"),
  was_running: field(Schema.Boolean, "Whether opencode was running already, so nothing was started"),
  version: field(Schema.String, "opencode's version"),
  instance: Schema.optionalKey(field(Schema.String, "Its name for other tools; absent if it is not listed yet")),
  directory: Schema.optionalKey(field(Schema.String, "The directory it serves; absent if it serves all")),
})
export type StartedView = typeof StartedView.Type
