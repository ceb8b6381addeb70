/** A redirect is never followed, because the password would go with it. `elsewhere` counts connections; see the last test. */
import { toldNothing } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const statuses = [301, 302, 303, 307, 308] as const

export const redirects: ReadonlyArray<Row> = statuses.flatMap((status): ReadonlyArray<Row> => {
  const fault = wire.redirect(status)
  return [
    {
      name: `the sessions are redirected to another server with ${status}`,
      faults: [{ to: "sessions", fault }],
      call: ["list_sessions"],
      fails: true,
      says: ["redirects"],
    },
    {
      name: `a message is redirected to another server with ${status}`,
      faults: [{ to: "prompt", fault }],
      call: ["send_message", { message: "Do it" }],
      fails: true,
      says: ["redirects"],
      afterwards: toldNothing,
    },
    {
      name: `the event stream is redirected to another server with ${status}`,
      faults: [{ to: "events", fault }],
      call: ["send_message", { message: "Do it" }],
      fails: true,
      says: ["redirects"],
      afterwards: toldNothing,
    },
    {
      name: `the health is redirected to another server with ${status}`,
      faults: [{ to: "health", fault }],
      call: ["list_instances"],
      says: ["unhealthy", "redirects"],
    },
  ]
})
