/** An error of opencode, or of a proxy before it, keeps its own words and its status. */
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const statuses = [400, 403, 409, 413, 422, 429, 500, 503] as const

/** The forms in which the versions of opencode put their reasons. */
const forms = [
  ["opencode 1's form", 1, (words: string) => ({ name: "SomeError", data: { message: words } })],
  ["opencode 2's form", 2, (words: string) => ({ _tag: "SomeError", message: words })],
] as const

export const refusals: ReadonlyArray<Row> = [
  ...forms.flatMap(([form, on, body]) =>
    statuses.flatMap((status): ReadonlyArray<Row> => {
      const words = `the words of ${status}`
      const fault = wire.reply(status, body(words))
      return [
        {
          name: `the sessions are refused with ${status} in ${form}`,
          on,
          faults: [{ to: "sessions", fault }],
          call: ["list_sessions"],
          fails: true,
          says: [words, String(status)],
          never: ["Another program"],
        },
        {
          name: `a new session is refused with ${status} in ${form}`,
          on,
          faults: [{ to: "create", fault }],
          call: ["create_session"],
          fails: true,
          says: [words, String(status)],
          never: ["Another program"],
        },
      ]
    }),
  ),
  {
    name: "too many requests, with the time to wait",
    faults: [
      {
        to: "create",
        fault: wire.reply(429, { message: "slow down" }, { "content-type": "application/json", "retry-after": "17" }),
      },
    ],
    call: ["create_session"],
    fails: true,
    says: ["429", "slow down", "17"],
  },
  {
    name: "an error in plain text",
    faults: [{ to: "sessions", fault: wire.reply(403, "Forbidden by the gateway", { "content-type": "text/plain" }) }],
    call: ["list_sessions"],
    fails: true,
    says: ["403", "Forbidden by the gateway"],
  },
  {
    name: "an error without a body",
    faults: [{ to: "sessions", fault: wire.reply(500, "") }],
    call: ["list_sessions"],
    fails: true,
    says: ["500"],
  },
  {
    name: "the password is refused in the middle",
    faults: [{ to: "sessions", fault: wire.reply(401, "", { "www-authenticate": 'Basic realm="Secure Area"' }) }],
    call: ["list_sessions"],
    fails: true,
    says: [/refused the user name and password/u],
    never: ["fake-password"],
  },
]
