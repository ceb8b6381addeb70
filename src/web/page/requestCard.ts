/** A request as a card: everything that the agent asks for, what `always` would allow, and the buttons that decide. */
import {
  alwaysScope,
  type PendingRequest,
  type PermissionRequest,
  type QuestionRequest,
} from "../../opencode/requests/PendingRequest.ts"
import { requestedActs, type WholeRequest, wholeRequest } from "../../opencode/requests/requestedActs.ts"
import { visible, visibleLine } from "../../text/visible.ts"
import { allowsCustomAnswer, shownLabels } from "../../tools/requests/question.ts"
import { clipMiddle } from "../../tools/requests/requestView.ts"
import { formScope } from "../../tools/scopes.ts"
import { type Content, html } from "./html.ts"
import { anchorOf, conversation, requests } from "./paths.ts"
import type { LedgerEntry } from "./RequestLedger.ts"
import type { OpenRequest } from "./readWork.ts"

/** Characters of one text. A longer one is cut in its middle, and says so. */
const maxLength = 200_000

const inFull = (text: string) => clipMiddle(visible(text), maxLength)

const act = (text: string) => html`<pre class="act">${inFull(text)}</pre>`

/** A diff with its lines in colour. */
const diffLines = (text: string): Content =>
  inFull(text)
    .split("\n")
    .map((row, index) => {
      const line = index === 0 ? row : `\n${row}`
      if (row.startsWith("+")) return html`<span class="added">${line}</span>`
      return row.startsWith("-") ? html`<span class="removed">${line}</span>` : line
    })

const detailList = ({ details }: WholeRequest): Content =>
  details.length > 0 &&
  html`<dl>
    ${details.map(
      ([name, value]) =>
        html`<dt>${visibleLine(name)}</dt>
          <dd>
            <pre class="act detail" tabindex="0">${name === "diff" ? diffLines(value) : inFull(value)}</pre>
          </dd>`,
    )}
  </dl>`

const permissionAct = (request: PermissionRequest): Content => {
  const whole = wholeRequest(request)
  return [whole.acts.length > 0 && html`<div>${whole.acts.map(act)}</div>`, detailList(whole)]
}

const alwaysText = (request: PermissionRequest): Content => {
  const { always = [] } = request
  return always.length === 0
    ? html`<p class="always"><b>Always</b> would allow nothing beyond this.</p>`
    : html`<div class="always">
        <b>Always</b> also allows, in ${alwaysScope(request)}:
        <ul>
          ${always.map((pattern) => html`<li><code>${inFull(pattern)}</code></li>`)}
        </ul>
      </div>`
}

export interface CardOptions {
  /** Goes into every form. Undefined if the person may not decide: there are no buttons then. */
  readonly formKey: string | undefined
  /** The page to return to. */
  readonly back: string
}

const hidden = ({ instance, pending: { kind, request }, session }: OpenRequest, { back, formKey = "" }: CardOptions) =>
  Object.entries({ form: formKey, instance, session: session.id, request: request.id, kind, back }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )

const permissionForms = (open: OpenRequest, request: PermissionRequest, options: CardOptions): Content => html`
  ${alwaysText(request)}
  <form method="post" action="${requests}">
    ${hidden(open, options)}
    <div class="buttons">
      <button class="go" name="decision" value="once">Approve once</button>
      <button name="decision" value="always">Always</button>
      <button class="bad" name="decision" value="reject">Reject</button>
    </div>
  </form>
  <details>
    <summary>Reject and say why</summary>
    <form class="reason" method="post" action="${requests}">
      ${hidden(open, options)}
      <label class="field">
        What to do instead. The agent reads it and goes on.
        <input type="text" name="message" autocomplete="off" required />
      </label>
      <button class="bad" name="decision" value="reject">Reject with this message</button>
    </form>
  </details>
`

const questionFields = ({ questions }: QuestionRequest): Content =>
  questions.map((question, index) => {
    const name = `answer-${index}`
    const type = question.multiple === true ? "checkbox" : "radio"
    const labels = shownLabels(question)
    return html`<fieldset>
      <legend>${visible(question.question)}</legend>
      ${labels.map((label, option) => {
        const { description, label: own } = question.options[option] ?? {}
        return html`<label class="option">
          <input type="${type}" name="${name}" value="${label}" />
          <span
            >${label}${
              description !== undefined &&
              description !== own &&
              html`<span class="soft small">${visible(description)}</span>`
            }</span
          >
        </label>`
      })}
      ${
        allowsCustomAnswer(question) &&
        html`<label class="field">
          ${labels.length === 0 ? "Your answer" : "Or your own answer"}
          <input type="text" name="own-${index}" autocomplete="off" />
        </label>`
      }
    </fieldset>`
  })

const questionForm = (open: OpenRequest, request: QuestionRequest, options: CardOptions): Content => html`
  <form method="post" action="${requests}">
    ${hidden(open, options)} ${questionFields(request)}
    <div class="buttons">
      <button class="go" name="decision" value="answer">Answer</button>
      <button class="bad" name="decision" value="dismiss">Dismiss</button>
    </div>
  </form>
`

/** What is asked, for a person who may only read. */
const questionTexts = ({ questions }: QuestionRequest): Content =>
  questions.map(
    (question) =>
      html`<p class="text">${visible(question.question)}</p>
        <p class="soft small">${shownLabels(question).join(" · ")}</p>`,
  )

const body = (open: OpenRequest, options: CardOptions): Content => {
  const { kind, request } = open.pending
  if (kind === "permission") {
    return [
      permissionAct(request),
      options.formKey === undefined ? alwaysText(request) : permissionForms(open, request, options),
    ]
  }
  return options.formKey === undefined ? questionTexts(request) : questionForm(open, request, options)
}

const kindText = ({ kind, request }: PendingRequest): string =>
  kind === "permission" ? `Permission: ${visibleLine(request.permission)}` : "Question"

const settledBody = ({ pending: { kind, request } }: OpenRequest, outcome: string | undefined): Content => [
  html`<p class="outcome">
    ${outcome ?? "Not open any more: it was decided elsewhere, its turn has ended, or its instance is not online."}
  </p>`,
  kind === "permission" ? html`<div>${act(requestedActs(request).join("\n"))}</div>` : questionTexts(request),
]

export const requestCard = ({ request: open, settled }: LedgerEntry, options: CardOptions): Content => {
  const { instance, pending, session } = open
  const title = visibleLine(session.title) || session.id
  return html`<article
    class="card request${settled === undefined ? "" : " settled"}"
    id="${anchorOf(pending.request.id)}"
  >
    <header>
      <h3>${kindText(pending)}</h3>
      <span class="small soft">
        <a href="${conversation(instance, session.id)}#end">${title}</a>${
          session.parentID !== undefined && " (a subagent)"
        }
        · ${instance} · <span class="path">${visibleLine(session.directory)}</span>
      </span>
    </header>
    ${settled === undefined ? body(open, options) : settledBody(open, settled.outcome)}
    ${
      settled === undefined &&
      options.formKey === undefined &&
      html`<p class="soft small">Your token may not decide. It needs the scope ${formScope}.</p>`
    }
  </article>`
}
