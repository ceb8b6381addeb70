/** The tool that waits for several sessions at once. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { LongRunning } from "../../mcp/Call.ts"
import { readOnly } from "../shared/annotations.ts"
import { InstanceFailure } from "../shared/failures.ts"
import { optionalText } from "../shared/parameters.ts"
import { ManySessionsView } from "./manySchemas.ts"
import { renderMany } from "./renderMany.ts"

const opt = Schema.optionalKey

/** In short, because the other tools describe both to the model. */
const Reference = Schema.Struct({
  instance: optionalText(Schema.String.annotate({ description: "Name" })),
  session_id: Schema.String.annotate({ description: 'Id, or "latest"' }),
})

export const WaitForSessions = Tool.make("wait_for_sessions", {
  description: "Wait until all (or any) of several sessions have ended or wait for a person. Sends nothing.",
  parameters: Schema.Struct({
    sessions: opt(Schema.Array(Reference).annotate({ description: "Default: all busy ones" })),
    until: opt(Schema.Literals(["all", "any"]).annotate({ description: "Default: all" })),
  }),
  success: ManySessionsView,
  failure: InstanceFailure,
  failureMode: "return",
  toModelOutput: (view: ManySessionsView) => [Prompt.textPart({ text: renderMany(view) })],
})
  .annotateMerge(readOnly("Wait for sessions"))
  .annotate(LongRunning, true)

export const ManyTools = Toolkit.make(WaitForSessions)
