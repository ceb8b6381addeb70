/** What the log of a shared server says about calls. */
import { assert, it } from "@effect/vitest"
import { callFacts } from "../../src/tools/callFacts.ts"

it.each([
  [
    "the instance and session of the answer",
    { session_id: "latest" },
    { instance: "main", session_id: "ses_1", outcome: "completed" },
    { instance: "main", session: "ses_1", outcome: "completed" },
  ],
  [
    "a session that was created",
    {},
    { instance: "main", session: { session_id: "ses_2" } },
    { instance: "main", session: "ses_2" },
  ],
  [
    "the arguments of a call that failed, without the title that it may name",
    { instance: "ma\nin", session_id: "Fix the login" },
    undefined,
    { instance: "ma in" },
  ],
  [
    "a decision without its message",
    { session_id: "ses_1", response: "reject", message: "secret" },
    undefined,
    { session: "ses_1", decision: "reject" },
  ],
  [
    "nothing of a message",
    { message: "secret", response: "secret", session_id: "ses_1" },
    { text: "secret", session_id: "ses_1" },
    { session: "ses_1" },
  ],
  ["nothing of what is no call", null, 7, {}],
] as const)("The log has %s", (_name, args, structured, facts) => {
  assert.deepStrictEqual(callFacts({ args, structured }), facts)
})
