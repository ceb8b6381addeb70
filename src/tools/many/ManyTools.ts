/** The tool that waits for several sessions at once. */
import { Schema } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { readOnly } from "../shared/annotations.ts"
import { InstanceFailure } from "../shared/failures.ts"
import { Instance, SessionReference } from "../shared/parameters.ts"
import { ManySessionsView } from "./manySchemas.ts"
import { renderMany } from "./renderMany.ts"

const opt = Schema.optionalKey

export const WaitForSessions = Tool.make("wait_for_sessions", {
  description:
    "Wait for several sessions at once, until all (or any) have ended or wait for a person. One that has ended counts immediately. Sends nothing.",
  parameters: Schema.Struct({
    sessions: opt(
      Schema.Array(Schema.Struct({ instance: Instance, session_id: SessionReference })).annotate({
        description: "Default: all that are busy now",
      }),
    ),
    until: opt(Schema.Literals(["any", "all"]).annotate({ description: "Default: all" })),
  }),
  success: ManySessionsView,
  failure: InstanceFailure,
  failureMode: "return",
  toModelOutput: (view: ManySessionsView) => [Prompt.textPart({ text: renderMany(view) })],
}).annotateMerge(readOnly("Wait for several sessions"))

export const ManyTools = Toolkit.make(WaitForSessions)
