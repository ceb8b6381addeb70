/**
 * The agent of a fake opencode 2: it understands a few of the words of `scriptedReply.ts`. A turn begins with its prompt and
 * ends when the test settles it.
 */
import type { SessionId } from "../../src/opencode/Identifiers.ts"
import type { AssistantInfo, Part, ToolPart } from "../../src/opencode/sessions/Message.ts"
import type { FakeState, StoredPrompt } from "../../src/testing/FakeState.ts"
import { assistant, done, event, msg, permission, question, textPart, toolPart } from "../../src/testing/samples.ts"

const answerTo = ({ messageID }: StoredPrompt) => msg(`answer_${messageID.slice(4)}`)

const replyTo = (text: string) => (text.startsWith("say:") ? text.slice("say:".length) : `Echo: ${text}`)

export const scriptedFake = (fake: FakeState) => {
  const publish = (info: AssistantInfo, parts: ReadonlyArray<Part>) => {
    fake.store(info.sessionID, { info, parts })
    fake.emit(
      event.message({ ...info, time: { created: info.time.created } }),
      ...parts.map(event.part),
      event.message(info),
    )
  }

  /** The step that calls a tool, which waits for a person. */
  const call = (prompt: StoredPrompt, tool: string, input: ToolPart["state"]["input"]) => {
    const { messageID, session } = prompt
    const id = answerTo(prompt)
    const info = assistant(id, messageID, chosen(prompt), session)
    publish(info, [toolPart(id, { status: "running", input }, tool)])
    return { messageID: id }
  }

  fake.onPrompt = (prompt) => {
    fake.take(prompt)
    const { messageID, session, text } = prompt
    const name = messageID.slice(4)
    const command = /^run:\s*(.+)$/u.exec(text)?.[1]
    const [asked, ...labels] = (/^ask:\s*(.+)$/u.exec(text)?.[1] ?? "").split("|").map((each) => each.trim())
    if (command !== undefined) {
      const tool = call(prompt, "shell", { command })
      const patterns = command.split("&&").map((each) => each.trim())
      const always = [...new Set(patterns.map((each) => `${each.split(" ", 1)} *`))]
      const request = { ...permission(name, session), permission: "shell", patterns, always, tool }
      fake.permissions.push(request)
      fake.emit(event.asked(request))
    } else if (asked !== undefined && asked !== "") {
      const tool = call(prompt, "question", {})
      const questions = [{ question: asked, options: labels.map((label) => ({ label })) }]
      const request = { ...question(name, session), questions, tool }
      fake.questions.push(request)
      fake.emit(event.questioned(request))
    } else {
      const id = answerTo(prompt)
      const info = assistant(id, messageID, chosen(prompt), session)
      const part = textPart(id, "")
      fake.store(session, { info, parts: [part] })
      fake.emit(event.message(info), event.part(part), event.delta(part, replyTo(text)))
    }
  }

  /** The end of the tool that waited, as it follows from the person's decision. */
  const finishTool = (session: SessionId) => {
    const waiting = fake.messages.get(session)?.findLast(({ info }) => info.role === "assistant")
    const part = waiting?.parts.find((each) => each.type === "tool")
    if (waiting?.info.role !== "assistant" || part?.type !== "tool" || part.state.status !== "running") return undefined
    const { input } = part.state
    const reply = fake.replies.at(-1)
    const isRejected = reply !== undefined && "reply" in reply && reply.reply === "reject"
    const output =
      reply !== undefined && "answers" in reply ? reply.answers.flat().join(", ") : String(input["command"])
    const state: ToolPart["state"] = isRejected
      ? { status: "error", input, error: "Unable to execute command" }
      : { status: "completed", input, output }
    const time = { created: waiting.info.time.created, completed: 1150 }
    publish({ ...waiting.info, finish: "tool-calls", time }, [{ ...part, state }])
    return isRejected ? undefined : `Done: ${output}`
  }

  /** The end of the running turn; then the next one begins and ends, if the inbox has one. */
  const settle = (session: SessionId) => {
    while (fake.statuses.has(session)) {
      const output = finishTool(session)
      const last = fake.messages.get(session)?.findLast(({ info }) => info.role === "user")
      const part = last?.parts[0]
      if (last === undefined || part?.type !== "text") return
      const prompt = { session, messageID: last.info.id, text: part.text }
      const received = fake.prompts.find(({ messageID }) => messageID === prompt.messageID)
      const id = output === undefined ? answerTo(prompt) : msg(`final_${prompt.messageID.slice(4)}`)
      const info = assistant(id, prompt.messageID, { ...done(), ...chosen(received) }, session)
      publish(info, [textPart(id, output ?? replyTo(prompt.text))])
      if (fake.deliver(session)) continue
      fake.statuses.delete(session)
      fake.emit(...event.idle(session))
    }
  }
  return { settle }
}

/** The agent and the model of a prompt. */
const chosen = ({ agent, model }: Partial<StoredPrompt> = {}) => ({
  ...(agent === undefined ? {} : { agent }),
  model: model === undefined ? "scripted/scripted" : `${model.providerID}/${model.modelID}`,
})
