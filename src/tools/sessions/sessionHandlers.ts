/** The handlers of list_sessions, get_session and get_status, with those that create a session. */
import { Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { AnswerSizeOptions } from "../shared/answerSize.ts"
import { creationHandlers } from "./createSession.ts"
import { instanceStatus } from "./instanceStatus.ts"
import { type CountingOptions, makeListSessions } from "./listSessions.ts"
import { makeReadSession } from "./readSession.ts"
import { SessionTools } from "./SessionTools.ts"

export const sessionHandlers = Effect.fnUntraced(function* (options: AnswerSizeOptions & CountingOptions = {}) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const list = yield* makeListSessions(options)
  const read = yield* makeReadSession(options)

  return SessionTools.of({
    list_sessions: ({ instance, ...parameters }) => fleet.use(instance, (target, one) => list(target, one, parameters)),
    get_session: ({ instance, ...parameters }) => fleet.use(instance, (target) => read(target, parameters)),
    ...(yield* creationHandlers),
    get_status: ({ instance, offset }) =>
      fleet.use(instance, (target, one) =>
        Effect.flatMap(fleet.snapshot, ({ instances }) => instanceStatus(one, instances, client.at(target), offset)),
      ),
  })
})
