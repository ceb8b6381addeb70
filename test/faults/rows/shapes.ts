/** What another version of opencode may send: an item that is not understood is counted, and costs only itself. */
import { permission } from "../../../src/testing/samples.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** Changes the list in an answer of either version: opencode 2 wraps it in `data`. */
const list = (change: (items: ReadonlyArray<unknown>) => unknown) =>
  wire.changed((body) => {
    if (Array.isArray(body)) return change(body)
    return isObject(body) && Array.isArray(body["data"]) ? { ...body, data: change(body["data"]) } : body
  })

const unknown = { kind: "from the future", nested: [{ deep: null }] }

export const shapes: ReadonlyArray<Row> = [
  {
    name: "one session of another shape",
    faults: [{ to: "sessions", fault: list((items) => [...items, unknown]) }],
    call: ["list_sessions"],
    says: ["The session", /1 (?:item|session)s? (?:was|were)? ?not understood|not understand/u],
  },
  {
    name: "only sessions of another shape",
    faults: [{ to: "sessions", fault: list(() => [unknown, unknown]) }],
    call: ["list_sessions"],
    says: [/2 /u, /not understood|not understand/u],
    never: ["0 sessions"],
  },
  {
    name: "one message of another shape",
    faults: [{ to: "messages", fault: list((items) => [...items, unknown]) }],
    call: ["get_session"],
    says: ["Hello.", /not understood|not understand/u],
  },
  {
    name: "only messages of another shape",
    faults: [{ to: "messages", fault: list(() => [unknown]) }],
    call: ["get_session"],
    says: [/not understood|not understand/u],
    never: ["no message yet"],
  },
  {
    name: "a permission of another shape",
    prepare: (fake, session) => {
      fake.statuses.set(session, { type: "busy" })
      fake.permissions.push(permission("strange", session))
    },
    faults: [{ to: "permissions", fault: list(() => [unknown]) }],
    call: ["get_status"],
    says: [/not understood|not understand/u],
    never: ["Nothing waits for a person"],
  },
  {
    name: "file changes of another shape",
    faults: [{ to: "diff", fault: list(() => [unknown]) }],
    call: ["get_diff"],
    says: [/file changes? not understood \(opencode /u],
    never: ["No file was changed"],
  },
  {
    name: "an object in place of the list of sessions",
    faults: [{ to: "sessions", fault: wire.reply(200, { sessions: {} }) }],
    call: ["list_sessions"],
    fails: true,
    says: [/another|something opencode does not send|not understand/iu],
  },
  {
    name: "null in place of the list of sessions",
    faults: [{ to: "sessions", fault: wire.reply(200, "null") }],
    call: ["list_sessions"],
    fails: true,
    says: [/something opencode does not send|not understand/iu],
  },
  {
    name: "broken JSON that is complete",
    faults: [{ to: "sessions", fault: wire.reply(200, '[{"id": "ses_') }],
    call: ["list_sessions"],
    fails: true,
    says: [/something opencode does not send|not understand/iu],
  },
  {
    name: "nothing in place of the list of sessions",
    faults: [{ to: "sessions", fault: wire.reply(200, "") }],
    call: ["list_sessions"],
    fails: true,
    says: [/something opencode does not send|not understand/iu],
  },
  {
    name: "control characters in a title",
    prepare: (fake) => {
      fake.sessions = fake.sessions.map((session) => ({ ...session, title: "\u001B[2J\u202Eevil\n| forged | row |" }))
    },
    call: ["list_sessions"],
    says: ["evil"],
    never: ["\u001B", "\u202E", "\n| forged"],
  },
]
