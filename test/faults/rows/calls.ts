/** Calls that name something that is not there, and an instance that does not answer anything. */
import { toldNothing } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const everything = (["sessions", "session", "statuses", "messages", "permissions", "questions", "events"] as const).map(
  (to) => ({ to, fault: wire.hang }),
)

export const calls: ReadonlyArray<Row> = [
  {
    name: "a session that does not exist is read",
    call: ["get_session", { session_id: "ses_missing" }],
    fails: true,
    says: ["ses_missing", "list_sessions"],
  },
  {
    name: "a message is sent to a session that does not exist",
    call: ["send_message", { session_id: "ses_missing", message: "Do it" }],
    fails: true,
    says: ["ses_missing", "list_sessions"],
    afterwards: toldNothing,
  },
  {
    name: "a turn is followed in a session without messages",
    prepare: (fake, session) => void fake.messages.delete(session),
    call: ["wait_for_session"],
    fails: true,
    says: ["no messages", "send_message"],
  },
  {
    name: "a permission is decided that is not open",
    call: ["respond_permission", { response: "once" }],
    fails: true,
    says: ["Nothing was sent"],
  },
  {
    name: "a question is answered that is not open",
    call: ["answer_question", { answers: [["Red"]] }],
    fails: true,
    says: ["Nothing was sent"],
  },
  {
    name: "the instance hangs in every request while a message is sent",
    faults: everything,
    call: ["send_message", { message: "Do it" }],
    fails: true,
    says: ["did not answer"],
    afterwards: toldNothing,
  },
  {
    name: "the instance hangs in every request while its sessions are listed",
    faults: everything,
    call: ["list_sessions"],
    fails: true,
    says: ["did not answer"],
  },
]
