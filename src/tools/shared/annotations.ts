/** Annotations: what a client may assume about a tool. Without them, MCP clients assume the worst. */
import { Context } from "effect"
import { Tool } from "effect/ai"

interface Hints {
  readonly readOnly: boolean
  readonly destructive: boolean
  readonly idempotent: boolean
  /** True if the tool affects more than the fleet: a working agent can do anything. */
  readonly openWorld: boolean
}

export const annotations = (title: string, { destructive, idempotent, openWorld, readOnly }: Hints) =>
  Context.make(Tool.Title, title).pipe(
    Context.add(Tool.Readonly, readOnly),
    Context.add(Tool.Destructive, destructive),
    Context.add(Tool.Idempotent, idempotent),
    Context.add(Tool.OpenWorld, openWorld),
  )

/** Marks a tool that delivers a person's decision: over HTTP it needs a scope of its own (`tools/scopes.ts`). */
export const Decides = Context.Reference<boolean>("opencode-fleet/tools/Decides", { defaultValue: () => false })

/** For a tool that changes nothing. */
export const readOnly = (title: string) =>
  annotations(title, { readOnly: true, destructive: false, idempotent: true, openWorld: false })
