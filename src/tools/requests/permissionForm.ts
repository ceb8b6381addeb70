/** The form for a permission: the choice alone. A reason for a rejection goes through respond_permission. */
import { Schema } from "effect"
import type { PermissionRequest } from "../../opencode/requests/PendingRequest.ts"
import { quote } from "../../text/plainText.ts"
import { act, alwaysTitle } from "./act.ts"
import { type DecisionForm, fieldsIn, unknownFields, unusable } from "./formTypes.ts"

const replies = ["once", "always", "reject"] as const

const isReply = Schema.is(Schema.Literals(replies))

/** Cells of a field's description, of which Claude Code shows one row: 67 cells in a terminal of 80 columns. */
const descriptionWidth = 64

const choice = (reply: (typeof replies)[number], title: string) => Schema.Literal(reply).annotate({ title })

export const permissionForm = (request: PermissionRequest): DecisionForm => ({
  schema: Schema.Struct({
    decision: Schema.Union([
      choice("once", "once: only this time"),
      choice("always", alwaysTitle(request)),
      choice("reject", "reject: ends the agent's turn"),
    ]).annotate({ title: "Decision", description: act({ kind: "permission", request }, descriptionWidth) }),
  }),
  read: (content) => {
    const fields = fieldsIn(content)
    const { decision } = fields
    const ignored = unknownFields(fields, ["decision"])
    const reply = typeof decision === "string" ? decision.trim() : decision
    if (isReply(reply)) {
      return { _tag: "Decided", decision: { kind: "permission", request, reply: { reply } }, ignored }
    }
    const nothing = reply === undefined || reply === null || reply === ""
    return unusable(
      nothing ? "nothing was chosen" : `${quote(shownValue(reply))} is none of once, always and reject`,
      ...ignored,
    )
  },
  rows: 5,
  questions: [],
  asksForWords: false,
})

const shownValue = (value: unknown) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""))
