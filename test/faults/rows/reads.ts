/** Reads are repeated when the connection breaks; what cannot be read is said, and costs only itself. */
import type { Operation } from "../scene/operations.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const once = (to: Operation, fault: typeof wire.lost) => [{ to, fault, times: 1 }]

const cuts = [
  ["before the request arrives", wire.lost],
  ["before the answer", wire.cutBeforeAnswer],
  ["in the status line of the answer", wire.cutInHead],
  ["in the body of the answer", wire.cutInBody],
  ["in the chunks of the answer", wire.cutInChunks],
  ["in the compressed body of the answer", wire.cutInGzip],
] as const

export const reads: ReadonlyArray<Row> = [
  ...cuts.flatMap(([where, fault]): ReadonlyArray<Row> => [
    {
      name: `the connection breaks once ${where} while the sessions are listed`,
      faults: once("sessions", fault),
      call: ["list_sessions"],
      says: ["The session"],
    },
    {
      name: `the connection breaks once ${where} while a conversation is read`,
      faults: once("messages", fault),
      call: ["get_session"],
      says: ["Hello."],
    },
    {
      name: `the connection breaks always ${where} while the sessions are listed`,
      faults: [{ to: "sessions", fault }],
      call: ["list_sessions"],
      fails: true,
      says: ["cannot be reached"],
      never: ["Another program"],
    },
  ]),
  {
    name: "a proxy answers 502 once while the sessions are listed",
    faults: once("sessions", wire.proxyPage(502)),
    call: ["list_sessions"],
    says: ["The session"],
  },
  {
    name: "a proxy always answers 502",
    faults: [{ to: "sessions", fault: wire.proxyPage(502) }],
    call: ["list_sessions"],
    fails: true,
    says: ["502"],
  },
]
