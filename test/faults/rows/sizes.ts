/** Answers that have no end or unpack to one: bounded, and only for the instance that sends them. */
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const endless = [
  ["JSON", "application/json"],
  ["what calls itself an event stream", "text/event-stream"],
] as const

export const sizes: ReadonlyArray<Row> = [
  ...endless.flatMap(([what, type]): ReadonlyArray<Row> => [
    {
      name: `a health answer without end, in ${what}`,
      faults: [{ to: "health", fault: wire.endless(type) }],
      call: ["list_instances"],
      says: ["unhealthy", /bytes|too (?:large|long)|event-stream/u],
    },
    {
      name: `a list of sessions without end, in ${what}`,
      faults: [{ to: "sessions", fault: wire.endless(type) }],
      call: ["list_sessions"],
      fails: true,
      says: [/bytes|event-stream|did not answer/u],
    },
  ]),
  {
    name: "a small answer that unpacks to 300 MB",
    faults: [{ to: "sessions", fault: wire.gzipBomb }],
    call: ["list_sessions"],
    fails: true,
    says: [/bytes|did not answer/u],
  },
  {
    name: "a body that never ends after its beginning",
    faults: [{ to: "sessions", fault: wire.hangInBody }],
    call: ["list_sessions"],
    fails: true,
    says: ["did not answer"],
  },
]
