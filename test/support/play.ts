/** Plays on the fake what a real opencode does with a prompt. */
import type { MessageId, SessionId } from "../../src/opencode/Identifiers.ts"
import type { FakeState, StoredPrompt } from "../../src/testing/FakeState.ts"
import { assistant, done, event, here, msg, textPart } from "../../src/testing/samples.ts"

const answerTo = (prompt: MessageId) => msg(`answer_${prompt.slice(4)}`)

const lastPrompt = (fake: FakeState): StoredPrompt => {
  const prompt = fake.prompts.at(-1)
  if (prompt === undefined) throw new Error("nothing was sent yet")
  return prompt
}

/** The agent starts to write: `text` is streamed and not stored yet. */
export const beginAnswer = (fake: FakeState, text: string, { messageID, session } = lastPrompt(fake)) => {
  const id = answerTo(messageID)
  const info = assistant(id, messageID, {}, session)
  fake.store(session, { info, parts: [textPart(id, "")] })
  fake.emit(event.message(info), event.part(textPart(id, "")), event.delta(textPart(id, ""), text))
}

/** Stores the end of a turn without sending events. */
export const storeAnswer = (fake: FakeState, text: string, { messageID, session } = lastPrompt(fake)) => {
  const id = answerTo(messageID)
  const info = assistant(id, messageID, done(), session)
  fake.store(session, { info, parts: [textPart(id, text)] })
  fake.statuses.delete(session)
  return info
}

/** Stores the agent's answer and sends its events. */
export const finishAnswer = (fake: FakeState, text: string, prompt = lastPrompt(fake)) => {
  const info = storeAnswer(fake, text, prompt)
  fake.emit(
    event.message(info),
    event.part(textPart(info.id, text)),
    event.busy(prompt.session),
    ...event.idle(prompt.session),
  )
}

/** A turn that another client started. */
export const makeBusy = (fake: FakeState, session: SessionId = here) => {
  fake.statuses.set(session, { type: "busy" })
}

export const makeIdle = (fake: FakeState, session: SessionId = here) => {
  fake.statuses.delete(session)
  fake.emit(...event.idle(session))
}
