/** The handler of get_diff. */
import { Effect, Option, Schema } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { MessageId } from "../../opencode/Identifiers.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { sessionDiff, turnDiff } from "../../opencode/changes/sessionDiff.ts"
import { resolveSession } from "../../opencode/sessions/sessionReference.ts"
import type { Target } from "../../opencode/Target.ts"
import { ChangeTools } from "./ChangeTools.ts"
import { diffView } from "./changeView.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"

const asMessageId = Schema.decodeOption(MessageId)

const unknownMessage = (value: string) =>
  new InvalidParameter({
    parameter: "message_id",
    value,
    detail: "the session has no such message, or it is too far back",
  })

export const changeHandlers = Effect.gen(function* () {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient

  const diff = Effect.fnUntraced(function* (
    target: Target,
    { message_id, session_id }: { readonly session_id: string; readonly message_id?: string },
  ) {
    const opencode = client.at(target)
    const session = yield* resolveSession(target.instance, opencode, session_id)
    if (message_id === undefined) return diffView(target, session, yield* sessionDiff(opencode, session))
    const message = Option.getOrUndefined(asMessageId(message_id.trim()))
    const change = message === undefined ? undefined : yield* turnDiff(opencode, session, message)
    if (change === undefined) return yield* unknownMessage(message_id)
    return diffView(target, session, change, change.message)
  })

  return ChangeTools.of({
    get_diff: ({ instance, ...parameters }) => fleet.use(instance, (target) => diff(target, parameters)),
  })
})
