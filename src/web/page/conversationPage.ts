/** The end of a conversation: its newest messages, and what waits for a person in it. */
import type { AssistantInfo, Message, Part, ToolPart, ToolState } from "../../opencode/sessions/Message.ts"
import type { Session, SessionStatus } from "../../opencode/sessions/Session.ts"
import { clip } from "../../text/clip.ts"
import { line } from "../../text/plainText.ts"
import { plural } from "../../text/plural.ts"
import { visibleLine } from "../../text/visible.ts"
import { isShell, timeTaken, toolSubject } from "../../tools/sessions/toolSubject.ts"
import { elapsed, iso } from "../../tools/shared/time.ts"
import { type Content, html } from "./html.ts"
import { conversation, home } from "./paths.ts"
import { requestCard } from "./requestCard.ts"
import type { LedgerEntry } from "./RequestLedger.ts"
import { ownCommand } from "../../text/ownCommand.ts"

export interface Conversation {
  readonly instance: string
  readonly session: Session
  /** Undefined if it is idle. */
  readonly status: SessionStatus | { readonly type: "elsewhere" } | undefined
  readonly messages: ReadonlyArray<Message>
  /** Whether there are older messages. */
  readonly hasOlder: boolean
  /** The number of messages that can be shown. */
  readonly limit: number
  /** What could not be read. */
  readonly unreadable: string | undefined
  readonly entries: ReadonlyArray<LedgerEntry>
  readonly formKey: string | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

/** Characters of one text. */
const maxText = 50_000
const maxOutput = 10_000
/** Parts of one message, the newest ones. */
const maxParts = 60
const maxSubject = 300

const callEnd = (state: ToolState): Content => {
  switch (state.status) {
    case "pending":
    case "running":
      return html`<span class="end">running…</span>`
    case "error":
      return html`<span class="end failed">✗ failed${timeTaken(state)}</span>`
    case "completed": {
      const { background = false, report: { added, exit = 0, removed } = {} } = state
      if (background) return html`<span class="end">in the background</span>`
      if (exit !== 0) return html`<span class="end failed">✗ exit ${exit}${timeTaken(state)}</span>`
      const changed = added === undefined || removed === undefined ? "" : `+${added} −${removed} `
      return html`<span class="end ok">${changed}✓${timeTaken(state)}</span>`
    }
  }
}

const outputOf = (state: ToolState): string => {
  if (state.status === "completed") return state.output
  return state.status === "error" ? state.error : ""
}

const toolCall = ({ id, state, tool }: ToolPart, directory: string): Content => {
  const name = isShell(tool) ? "$" : line(tool, 60)
  const head = html`<span>${name} ${clip(visibleLine(toolSubject(state.input, directory)), maxSubject)}</span>${callEnd(
      state,
    )}`
  const output = outputOf(state)
  return output.trim() === ""
    ? html`<div class="call bare">${head}</div>`
    : html`<details class="call" id="${id}">
        <summary>${head}</summary>
        <pre tabindex="0">${clip(output, maxOutput)}</pre>
      </details>`
}

const part = (each: Part, directory: string): Content => {
  switch (each.type) {
    case "text":
      return (
        each.synthetic !== true &&
        each.text.trim() !== "" &&
        html`<div class="text">${clip(each.text.trim(), maxText)}</div>`
      )
    case "reasoning":
      return (
        each.text.trim() !== "" &&
        html`<details class="call" id="${each.id}">
          <summary><span>Thinking</span></summary>
          <pre tabindex="0">${clip(each.text.trim(), maxOutput)}</pre>
        </details>`
      )
    case "tool":
      return toolCall(each, directory)
    case "file":
      return html`<div class="call bare"><span>File ${visibleLine(each.filename ?? each.mime)}</span></div>`
    case "patch":
      return html`<div class="call bare"><span>Changed ${visibleLine(each.files.join(", "))}</span></div>`
    case "subtask":
      return html`<div class="call bare">
        <span>Subagent ${visibleLine(each.agent)}: ${visibleLine(each.description)}</span>
      </div>`
    case "compaction":
      return html`<p class="soft small">Earlier messages were summarised.</p>`
    case "note":
      return html`<p class="soft small">${visibleLine(each.text)}</p>`
    case "step":
      return undefined
  }
}

const answeredBy = ({ agent, model }: AssistantInfo): string =>
  [agent, model].flatMap((name) => (name === undefined ? [] : visibleLine(name))).join(" · ")

/** The steps of one answer have the same prompt: only the first says who answers. */
const message = (view: Conversation, { info, parts }: Message, before: Message | undefined): Content => {
  const left = parts.length - maxParts
  const shown = parts
    .slice(-maxParts)
    .map((each) => part(each, view.session.directory))
    .filter((content) => content !== undefined && content !== false)
  const error = info.role === "assistant" ? info.error : undefined
  if (shown.length === 0 && error === undefined) return undefined
  const continues =
    info.role === "assistant" && before?.info.role === "assistant" && before.info.parentID === info.parentID
  const time = elapsed(iso(view.now), iso(info.time.created))
  return html`<section class="turn ${info.role}" id="${info.id}">
    ${
      !continues &&
      html`<p class="who">
        <b>${info.role === "user" ? "Prompt" : "Agent"}</b> ${info.role === "user" ? "" : answeredBy(info)} · ${time}
      </p>`
    }
    ${left > 0 && html`<p class="soft small">${plural(left, "earlier step")} not shown.</p>`} ${shown}
    ${error !== undefined && html`<p class="error">${line(error.message, 2000)}</p>`}
  </section>`
}

const statusChip = ({ entries, status }: Conversation): Content => {
  if (entries.some(({ settled }) => settled === undefined)) {
    return html`<span class="chip waiting"><i class="dot waiting"></i>waiting for you</span>`
  }
  switch (status?.type) {
    case "busy":
      return html`<span class="chip busy"><i class="dot busy"></i>busy</span>`
    case "retry":
      return html`<span class="chip bad"><i class="dot retry"></i>retrying</span>`
    case "elsewhere":
      return html`<span class="chip">busy in another opencode</span>`
    default:
      return html`<span class="chip"><i class="dot"></i>idle</span>`
  }
}

/** Steps of the number of messages. */
const moreMessages = 100

export const conversationTitle = ({ entries, session }: Conversation): string => {
  const open = entries.filter(({ settled }) => settled === undefined).length
  return `${open === 0 ? "" : `(${open}) `}${visibleLine(session.title) || session.id} · opencode-fleet`
}

export const conversationContent = (view: Conversation): Content => {
  const { entries, formKey, hasOlder, instance, limit, messages, session, status, unreadable } = view
  const back = conversation(instance, session.id)
  return html`<p class="crumbs"><a href="${home}">← Fleet</a></p>
    <h1>${visibleLine(session.title) || session.id}</h1>
    <div class="facts small soft">
      ${statusChip(view)}<span>${instance}</span><span class="path">${visibleLine(session.directory)}</span
      ><span class="path">${session.id}</span>
    </div>
    <div class="talk" data-follow>
      ${
        hasOlder &&
        html`<p class="soft small">
          ${
            limit < moreMessages
              ? html`<a href="${conversation(instance, session.id, { messages: String(moreMessages) })}"
                  >Show older messages</a
                >`
              : html`Older messages: <code>${ownCommand("read", instance, session.id)}</code>`
          }
        </p>`
      }
      ${unreadable !== undefined && html`<p class="error">${unreadable}</p>`}
      ${messages.map((each, index) => message(view, each, messages[index - 1]))}
      ${messages.length === 0 && unreadable === undefined && html`<p class="card empty">No messages yet.</p>`}
      ${
        status?.type === "retry" &&
        html`<p class="error">The provider failed (attempt ${status.attempt}): ${line(status.message, 500)}</p>`
      }
      ${entries.map((entry) => requestCard(entry, { formKey, back }))}
      <div id="end"></div>
    </div>`
}
