/** Where the first message of a new session goes. */
import { Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import { sessionDirectory } from "../sessions/sessionDirectory.ts"
import { type PromptParameters, promptOptions } from "./promptOptions.ts"

interface NewSessionParameters extends PromptParameters {
  readonly instance?: string
  readonly directory?: string
}

/** Checks a prompt to a session that does not exist yet, because a prompt that fails would leave an empty session behind. */
export const checkNewSession = Effect.fnUntraced(function* ({ directory, instance, ...prompt }: NewSessionParameters) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  yield* fleet.use(instance, (target, { directory: announced }) =>
    Effect.gen(function* () {
      const opencode = client.at(target)
      const chosen = yield* sessionDirectory(target.instance, opencode, directory, announced)
      yield* promptOptions(opencode, target, chosen ?? "", prompt)
    }),
  )
})
