/** What a client may assume of a tool before it calls it. Without these MCP has it assume the worst. */
import { Context } from "effect"
import { Tool } from "effect/ai"

interface Hints {
  readonly readOnly: boolean
  readonly destructive: boolean
  readonly idempotent: boolean
  /** Whether it reaches beyond the fleet: an agent that works may do anything. */
  readonly openWorld: boolean
}

export const annotations = (title: string, { destructive, idempotent, openWorld, readOnly }: Hints) =>
  Context.make(Tool.Title, title).pipe(
    Context.add(Tool.Readonly, readOnly),
    Context.add(Tool.Destructive, destructive),
    Context.add(Tool.Idempotent, idempotent),
    Context.add(Tool.OpenWorld, openWorld),
  )

/** Of a tool that changes nothing. */
export const reads = (title: string) =>
  annotations(title, { readOnly: true, destructive: false, idempotent: true, openWorld: false })
