/** Turns a pending request into the forms that an MCP client can show, and the filled-in forms into a decision. */
import type { PendingRequest } from "../../opencode/requests/PendingRequest.ts"
import type { DecisionForm, Filled } from "./formTypes.ts"
import { permissionForm } from "./permissionForm.ts"
import { questionForm } from "./questionForm.ts"

/** The next form of a request, given what was filled in so far. None if there is nothing to fill in. */
export const decisionForm = (pending: PendingRequest, filled: Filled = {}): DecisionForm | undefined =>
  pending.kind === "permission" ? permissionForm(pending.request) : questionForm(pending.request, filled)
