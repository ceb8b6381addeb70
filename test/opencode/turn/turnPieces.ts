/** Building blocks of the event lists in `turnScenarios.ts`. */
import type { Message, Part } from "../../../src/opencode/sessions/Message.ts"
import type { WireEvent } from "../../../src/opencode/v1/wire/WireEvent.ts"
import type { Outcome, StoredSession } from "../../../src/opencode/turn/Turn.ts"
import {
  assistant,
  done,
  event,
  here,
  msg,
  permission,
  question,
  ses,
  session,
  textPart,
  toolPart,
  user,
} from "../../../src/testing/samples.ts"

export interface Scenario {
  readonly name: string
  readonly events: ReadonlyArray<WireEvent>
  readonly stored: StoredSession
  readonly outcome: Outcome
  readonly text: string
}

/** The prompt, two messages that answer it, and another prompt. */
export const prompt = msg("prompt")
export const first = msg("a1")
export const second = msg("a2")
export const other = msg("other")

export const taken: ReadonlyArray<WireEvent> = [
  event.message(user(prompt).info),
  event.part(textPart(prompt, "Do it")),
  event.busy(),
]

export const opened = (id = first) => [
  event.message(assistant(id, prompt)),
  event.busy(),
  event.message(user(prompt).info),
]

/** The events of a text part from its start to its end. */
export const written = (id: typeof first, ...deltas: ReadonlyArray<string>) => {
  const empty = textPart(id, "")
  return [
    event.part(empty),
    ...deltas.map((delta) => event.delta(empty, delta)),
    event.part({ ...empty, text: deltas.join(""), time: { start: 1, end: 2 } }),
  ]
}

/** `finish` is set before the message is completed. */
export const closed = (id: typeof first, finish = "stop") => [
  event.message(assistant(id, prompt, { finish })),
  event.message(assistant(id, prompt, done(finish))),
]

export const answer = (info: Message["info"], ...parts: ReadonlyArray<Part>): Message => ({ info, parts })

export const stored = (messages: ReadonlyArray<Message>, given: Partial<StoredSession> = {}): StoredSession => ({
  status: { type: "idle" },
  messages: [user(prompt), ...messages],
  pending: [],
  ...given,
})

export const running = (name = "bash") => toolPart(first, { status: "running", input: { command: "ls" } }, name)
export const asked = permission("1")
export const wondered = question("1")
export const child = session("child", { parentID: here })
export const childAsked = permission("2", ses("child"))
export const toolStep = (part: Part) => answer(assistant(first, prompt, done("tool-calls")), part)
export const lastStep = answer(assistant(second, prompt, done()), textPart(second, "Done."))
export const secondStep = [
  ...opened(second),
  ...written(second, "Do", "ne."),
  ...closed(second),
  event.busy(),
  ...event.idle(),
]
export const reasoning = {
  type: "reasoning",
  id: "prt_reasoning",
  messageID: first,
  text: "Hm",
  time: { start: 1, end: 2 },
} as const
export const partial = textPart(first, "Once up")
export const apiError = { kind: "failed", message: "bad key", status: 401 } as const
