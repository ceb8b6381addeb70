/** A conversation as a person reads it: who, when, texts in full, each tool call in one line. */
import { Clock, Effect } from "effect"
import { isStreaming } from "../../opencode/turn/state.ts"
import type { AssistantInfo, Message, MessageInfo, Part } from "../../opencode/sessions/Message.ts"
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { line, plainText } from "../../text/plainText.ts"
import { elapsed, iso } from "../../tools/shared/time.ts"
import { waitingText } from "./decision.ts"
import { style as stdoutStyle } from "./style.ts"
import { isTerminal, width, write } from "./terminal.ts"
import { toolLine } from "./toolLine.ts"
import { newText } from "./turnScreen.ts"

const carriageReturn = "\r\u001B[K"

/** Blanks at the end are held back, because opencode trims a closed text; half of a character waits for the other half. */
const streamed = (text: string) => text.replace(/(?:\s|[\uD800-\uDBFF])+$/u, "")

const failureText = ({ error }: AssistantInfo): string | undefined => {
  if (error === undefined) return undefined
  if (error.kind === "aborted") return "aborted"
  return `${error.kind}: ${line(error.message, 1000)}${error.status === undefined ? "" : ` (status ${error.status})`}`
}

/** The paths below the session's directory. */
const changedText = (files: ReadonlyArray<string>, { directory }: Session) =>
  files.map((file) => line(file.startsWith(`${directory}/`) ? file.slice(directory.length + 1) : file, 200)).join(", ")

export type ConversationScreen = Effect.Success<ReturnType<typeof makeConversationScreen>>

/** Each message, part and request is shown once. `instance`: its name, for the commands that decide requests. */
export const makeConversationScreen = Effect.fnUntraced(function* (instance: string, session: Session) {
  const style = yield* stdoutStyle
  const inTerminal = yield* isTerminal
  const room = (yield* width) - 1
  let group = ""
  let atLineStart = true
  /** The running tool call in the last line, which is replaced when the call ends. */
  let openCall: string | undefined
  const streaming = new Map<string, string>()
  const shown = new Set<string>()

  const put = (text: string) => {
    if (text === "") return Effect.void
    atLineStart = text.endsWith("\n")
    openCall = undefined
    return write(text)
  }
  /** On a line of its own. */
  const putLine = (text: string) => put(`${atLineStart ? "" : "\n"}${text}\n`)

  const heading = Effect.fnUntraced(function* (info: MessageInfo) {
    const who =
      info.role === "user"
        ? "user"
        : [info.agent ?? "agent", info.model ?? ""].filter((text) => text !== "").join(" · ")
    const key = info.role === "user" ? info.id : who
    if (key === group) return
    const first = group === ""
    group = key
    const when = elapsed(iso(yield* Clock.currentTimeMillis), iso(info.time.created))
    const facts = [line(who), when, info.id].join(" · ")
    yield* putLine(`${first ? "" : "\n"}${(info.role === "user" ? style.good : style.warning)(`── ${facts}`)}`)
  })

  const once = Effect.fnUntraced(function* (id: string, info: MessageInfo, text: string) {
    if (shown.has(id)) return
    shown.add(id)
    if (text === "") return
    yield* heading(info)
    yield* putLine(text)
  })

  const showText = Effect.fnUntraced(function* (info: MessageInfo, id: string, text: string, isFinal: boolean) {
    if (shown.has(id)) return
    const before = streaming.get(id)
    const now = isFinal ? plainText(text).trimEnd() : streamed(plainText(text))
    if (now !== "") yield* heading(info)
    const more = newText(before ?? "", now)
    // Something else was shown in between, in the middle of its line.
    const added = before !== undefined && atLineStart ? more.replace(/^[ \t]+/u, "") : more
    if (before === undefined && added !== "" && !atLineStart) yield* put("\n")
    streaming.set(id, now)
    yield* put(added)
    if (!isFinal) return
    shown.add(id)
    streaming.delete(id)
    if (now !== "" && !atLineStart) yield* put("\n")
  })

  const showTool = Effect.fnUntraced(function* (info: MessageInfo, part: Extract<Part, { type: "tool" }>) {
    const { id, state } = part
    if (shown.has(id) || state.status === "pending") return
    const text = toolLine(part, { style, directory: session.directory, room })
    if (state.status === "running") {
      if (!inTerminal || openCall === id) return
      yield* heading(info)
      yield* put(`${atLineStart ? "" : "\n"}${text}`)
      openCall = id
      return
    }
    shown.add(id)
    yield* heading(info)
    yield* openCall === id ? put(`${carriageReturn}${text}\n`) : putLine(text)
  })

  /** `isFinal`: the part does not change any more. */
  const part = (info: MessageInfo, part: Part, isFinal: boolean): Effect.Effect<void, never, never> => {
    switch (part.type) {
      case "text":
        return part.synthetic === true
          ? Effect.void
          : withServices(showText(info, part.id, part.text, isFinal || !isStreaming(part)))
      case "tool":
        return withServices(showTool(info, part))
      case "file":
        return withServices(once(part.id, info, `[file ${line(part.filename ?? part.mime)}]`))
      case "patch":
        return withServices(once(part.id, info, style.faint(`changed ${changedText(part.files, session)}`)))
      case "subtask":
        return withServices(
          once(part.id, info, style.faint(`subtask for ${line(part.agent)}: ${line(part.description)}`)),
        )
      case "compaction":
        return withServices(once(part.id, info, style.faint("(the conversation before this was summarised)")))
      case "note":
        return withServices(once(part.id, info, style.faint(`note by opencode: ${line(part.text, 1000)}`)))
      case "reasoning":
      case "step":
        return Effect.void
    }
  }
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof write>>>()
  const withServices = <A, E>(effect: Effect.Effect<A, E, Effect.Services<ReturnType<typeof write>>>) =>
    Effect.provideContext(effect, services)

  /** Shows why an answer failed, if it did. */
  const ended = (info: MessageInfo) => {
    const failure = info.role === "assistant" ? failureText(info) : undefined
    return failure === undefined ? Effect.void : withServices(once(`${info.id}:error`, info, style.bad(`✗ ${failure}`)))
  }

  return {
    part,
    ended,
    message: Effect.fnUntraced(function* ({ info, parts }: Message) {
      const isFinal = info.role === "user" || info.time.completed !== undefined
      for (const each of parts) yield* part(info, each, isFinal)
      yield* ended(info)
    }),
    /** What a person must decide, and the commands for it. */
    request: (pending: PendingRequest) =>
      Effect.suspend(() => {
        if (shown.has(pending.request.id)) return Effect.void
        shown.add(pending.request.id)
        return withServices(putLine(`\n${waitingText(instance, session, pending, style)}`))
      }),
    note: (text: string) => withServices(Effect.suspend(() => putLine(style.faint(text)))),
  }
})
