/** The handlers of all tools. They need `Fleet`, `Attention`, `OpencodeClient`, `MessageCounts` and `Turns`. */
import { type Duration, Effect } from "effect"
import { changeCuts } from "./changes/changeCuts.ts"
import { describeCuts } from "./instances/describeCuts.ts"
import { describeHandlers } from "./instances/describeHandlers.ts"
import { instanceCuts } from "./instances/instanceCuts.ts"
import { sessionCuts, statusCuts } from "./sessions/sessionCuts.ts"
import { type AnswerSizeOptions, boundAnswers } from "./shared/answerSize.ts"
import { turnCuts } from "./turns/turnCuts.ts"
import { changeHandlers } from "./changes/changeHandlers.ts"
import { FleetToolkit } from "./FleetToolkit.ts"
import { instanceHandlers } from "./instances/instanceHandlers.ts"
import { manyCuts } from "./many/manyCuts.ts"
import { manyHandlers } from "./many/manyHandlers.ts"
import { requestHandlers } from "./requests/requestHandlers.ts"
import { sessionHandlers } from "./sessions/sessionHandlers.ts"
import { turnHandlers } from "./turns/turnHandlers.ts"

export interface ToolsOptions extends AnswerSizeOptions {
  /** Maximum time that a call follows a turn. Default: 280 s. */
  readonly sendTimeout?: Duration.Input | undefined
  /** The transports that `list_instances` shows if no instance is found. Default: none. */
  readonly transports?: ReadonlyArray<string> | undefined
  /** The relay directory that `list_instances` shows if no instance is found. Default: none. */
  readonly relayDirectory?: string | undefined
}

/** What each tool leaves out of an answer that is too long. */
const cuts = {
  list_instances: instanceCuts,
  refresh_instances: instanceCuts,
  list_sessions: sessionCuts,
  get_session: [],
  create_session: [],
  fork_session: [],
  describe_instance: describeCuts,
  get_status: statusCuts,
  send_message: turnCuts,
  wait_for_session: turnCuts,
  wait_for_sessions: manyCuts,
  abort_session: [],
  respond_permission: turnCuts,
  answer_question: turnCuts,
  get_diff: changeCuts,
} as const

export const layer = (options: ToolsOptions = {}) =>
  FleetToolkit.toLayer(
    Effect.gen(function* () {
      const handlers = FleetToolkit.of({
        ...(yield* instanceHandlers(options)),
        ...(yield* describeHandlers),
        ...(yield* sessionHandlers(options)),
        ...(yield* turnHandlers(options)),
        ...(yield* manyHandlers(options)),
        ...(yield* requestHandlers(options)),
        ...(yield* changeHandlers(options)),
      })
      return boundAnswers(FleetToolkit.tools, handlers, cuts, options)
    }),
  )
