/** What changes something is never sent twice, and if it may have happened, the answer says so. */
import type { FakeState } from "../../../src/testing/FakeState.ts"
import type { SessionId } from "../../../src/opencode/Identifiers.ts"
import { assistant, msg, permission, question, textPart, user } from "../../../src/testing/samples.ts"
import type { Operation } from "../scene/operations.ts"
import { toldNothing, toldOnce } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

/** The request takes effect, but its answer does not arrive. */
const afterwards = [
  ["the connection breaks before the answer", wire.cutBeforeAnswer],
  ["the connection breaks in the answer", wire.cutInBody],
  ["a proxy answers 502 in opencode's place", wire.proxyPageAfter(502)],
  ["a proxy answers 504 in opencode's place", wire.proxyPageAfter(504)],
  ["no answer comes", wire.hangAfter],
] as const

/** The request takes no effect. */
const lost = [
  ["the connection breaks before the request arrives", wire.lost],
  ["a proxy answers 503 and keeps the request", wire.proxyPage(503)],
] as const

const to = (operation: Operation, fault: typeof wire.lost) => [{ to: operation, fault }]

const answering = (fake: FakeState) => fake.answerWith(() => "All done.")

/** A turn that waits for a person, and ends when the decision has taken effect. */
const waiting = (fake: FakeState, session: SessionId) => {
  const prompt = msg(`c${session}`)
  const answer = msg(`d${session}`)
  fake.store(session, user(prompt, "Build it", session))
  fake.store(session, { info: assistant(answer, prompt, {}, session), parts: [textPart(answer, "I begin.")] })
  fake.statuses.set(session, { type: "busy" })
}

const waitingForPermission = (fake: FakeState, session: SessionId) => {
  waiting(fake, session)
  fake.permissions.push(permission(session.slice(4), session))
}

const waitingForAnswer = (fake: FakeState, session: SessionId) => {
  waiting(fake, session)
  fake.questions.push(question(session.slice(4), session))
}

const finish = (fake: FakeState, session: SessionId) =>
  fake.complete({ session, messageID: msg(`c${session}`), text: "" }, "All built.")

export const writes: ReadonlyArray<Row> = [
  ...afterwards.map(([what, fault]): Row => ({
    name: `a message arrives, and ${what}`,
    prepare: answering,
    faults: to("prompt", fault),
    call: ["send_message", { message: "Do it" }],
    says: ["completed", "All done."],
    writes: 1,
    afterwards: toldOnce("Do it"),
  })),
  ...lost.map(([what, fault]): Row => ({
    name: `a message does not arrive: ${what}`,
    on: 1,
    prepare: answering,
    faults: to("prompt", fault),
    call: ["send_message", { message: "Do it" }],
    fails: true,
    says: [/was not (?:sent|stored)|not reach|unknown whether/u],
    afterwards: toldNothing,
  })),
  ...afterwards.map(([what, fault]): Row => ({
    name: `a session is created, and ${what}`,
    faults: to("create", fault),
    call: ["create_session", { title: "A new one" }],
    says: [/^Session .* was created/u],
    writes: 1,
  })),
  ...afterwards.map(([what, fault]): Row => ({
    name: `a turn is stopped, and ${what}`,
    prepare: waiting,
    faults: to("abort", fault),
    call: ["abort_session"],
    says: [/stopped|idle|ended/iu],
    writes: 1,
  })),
  ...afterwards.map(([what, fault]): Row => ({
    name: `a permission is decided, and ${what}`,
    prepare: waitingForPermission,
    onWrite: finish,
    faults: to("replyPermission", fault),
    call: ["respond_permission", { response: "once" }],
    says: ["completed", "All built."],
    writes: 1,
    afterwards: (fake) => {
      if (fake.replies.length !== 1) throw new Error(`${fake.replies.length} replies`)
    },
  })),
  ...afterwards.map(([what, fault]): Row => ({
    name: `a question is answered, and ${what}`,
    prepare: waitingForAnswer,
    onWrite: finish,
    faults: to("replyQuestion", fault),
    call: ["answer_question", { answers: [["Red"]] }],
    says: ["completed", "All built."],
    writes: 1,
  })),
]
