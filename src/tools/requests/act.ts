/** A pending request in one line: what the agent wants to do, or to know. */
import {
  alwaysScope,
  type PendingRequest,
  type PermissionRequest,
  type QuestionRequest,
} from "../../opencode/requests/PendingRequest.ts"
import { requestedActs } from "../../opencode/requests/requestedActs.ts"
import { fits } from "../../text/cells.ts"
import { shortLine } from "../../text/shortLine.ts"

const maxName = 40

/** As many whole items as fit, and how many more there are. */
const list = (items: ReadonlyArray<string>, width: number): string => {
  // Each takes at least three cells.
  const shown = items.slice(0, Math.ceil(width / 3)).map((text) => shortLine(text, width))
  for (let count = shown.length; count > 0; count--) {
    const more = items.length - count
    const text = `${shown.slice(0, count).join(", ")}${more === 0 ? "" : ` and ${more} more`}`
    if (fits(text, width)) return text
  }
  const others = items.length > 1 ? ` and ${items.length - 1} more` : ""
  return `${shortLine(items[0] ?? "", width - others.length)}${others}`
}

const permissionAct = (request: PermissionRequest, width: number): string => {
  const name = `${shortLine(request.permission, maxName)}: `
  return `${name}${list(requestedActs(request), width - name.length)}`.trim()
}

export const questionAct = ({ questions }: QuestionRequest, index: number, width: number): string => {
  const name = questions.length > 1 ? `Question ${index + 1} of ${questions.length}: ` : "Question: "
  return `${name}${shortLine(questions[index]?.question ?? "", width - name.length)}`
}

/** At most `width` cells. A long command is shortened in its middle; of several paths whole ones are left out. */
export const act = (pending: PendingRequest, width: number): string =>
  pending.kind === "permission" ? permissionAct(pending.request, width) : questionAct(pending.request, 0, width)

/** Cells for the patterns in the title of `always`. Clients cut a title at 48 cells or more, so they come first. */
const maxPatterns = 100

/** What `always` would allow, as the title of that choice. */
export const alwaysTitle = (request: PermissionRequest): string => {
  const { always = [] } = request
  return always.length === 0
    ? "always: opencode would remember nothing, so like once"
    : `always: ${list(always, maxPatterns)} (in ${alwaysScope(request)})`
}
