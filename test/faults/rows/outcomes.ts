/** Every outcome of a turn is told, although the event stream breaks as soon as the message has arrived. */
import type { FakeState } from "../../../src/testing/FakeState.ts"
import type { SessionId } from "../../../src/opencode/Identifiers.ts"
import { assistant, failedWith, msg, permission, question, textPart } from "../../../src/testing/samples.ts"
import { toldOnce } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const answer = (fake: FakeState, session: SessionId, rest: Parameters<typeof assistant>[2]) => {
  const prompt = fake.prompts.at(-1)
  if (prompt === undefined) return
  const id = msg(`answer_to_${prompt.messageID}`)
  fake.store(session, { info: assistant(id, prompt.messageID, rest, session), parts: [textPart(id, "I begin.")] })
}

const endings: ReadonlyArray<readonly [string, string, (fake: FakeState, session: SessionId) => void]> = [
  [
    "asks for a permission",
    "needs permission",
    (fake, session) => void fake.permissions.push(permission(session.slice(4), session)),
  ],
  ["asks a question", "needs answer", (fake, session) => void fake.questions.push(question(session.slice(4), session))],
  [
    "fails",
    "overloaded",
    (fake, session) => {
      answer(fake, session, failedWith({ kind: "failed", message: "overloaded" }))
      fake.statuses.delete(session)
    },
  ],
  [
    "is stopped by a person",
    "aborted",
    (fake, session) => {
      answer(fake, session, {})
      fake.interrupt(session)
    },
  ],
]

const streams = [
  ["comes back", []],
  ["does not come back", [{ to: "events", fault: wire.lost }]],
] as const

export const outcomes: ReadonlyArray<Row> = endings.flatMap(([what, says, act]) =>
  streams.map(([then, faults]): Row => ({
    name: `the event stream breaks, the turn ${what}, and the stream ${then}`,
    faults: [{ to: "events", fault: ({ pass }) => pass, times: 1 }, ...faults],
    onWrite: (fake, session) => {
      fake.cut()
      act(fake, session)
    },
    call: ["send_message", { message: "Do it" }],
    says: [says],
    never: ["completed"],
    writes: 1,
    afterwards: toldOnce("Do it"),
  })),
)
