/** How the last turn of a session ended, for a session that seems to be idle. */
import { Effect } from "effect"
import type { SessionId } from "../opencode/Identifiers.ts"
import type { Opencode } from "../opencode/Opencode.ts"
import type { Target } from "../opencode/Target.ts"
import * as Turn from "../opencode/turn/Turn.ts"
import type { Turns } from "../opencode/turns/Turns.ts"
import type { FleetEvent } from "./FleetEvent.ts"

/** opencode reports idle up to half a second before the answer is final. */
const settlesWithin = "15 seconds"

type Ended = Extract<FleetEvent, { readonly kind: "done" | "failed" }>

type End =
  /** The turn goes on, or nothing certain is known. */
  | { readonly _tag: "Unsettled" }
  /** It ended in a way that a person knows of: a person stopped it, or it was a subagent's. */
  | { readonly _tag: "Untold" }
  | { readonly _tag: "Told"; readonly event: Omit<Ended, "at" | "instance" | "url"> }

const unsettled: End = { _tag: "Unsettled" }
const untold: End = { _tag: "Untold" }

const lastText = (turn: Turn.Turn) =>
  [...turn.parts.values()]
    .flatMap((part) => (part.type === "text" && part.text.trim() !== "" ? [part.text] : []))
    .at(-1)

export const endOf = (turns: Turns["Service"], target: Target, opencode: Opencode) =>
  Effect.fnUntraced(
    function* (id: SessionId) {
      const session = yield* opencode.session(id)
      if (session.parentID !== undefined) return untold
      const { outcome, turn } = yield* turns.follow(target, session, { timeout: settlesWithin })
      const told = (kind: Ended["kind"], text: string): End => ({
        _tag: "Told",
        event: {
          kind,
          key: `${session.id} ${turn.prompt}`,
          session: { id: session.id, title: session.title, directory: session.directory },
          text,
        },
      })
      switch (outcome._tag) {
        case "completed":
          return told("done", lastText(turn) ?? outcome.detail ?? "")
        case "failed":
          return told("failed", outcome.detail)
        case "interrupted": {
          // This server tells an unfinished turn of another one as interrupted.
          const elsewhere = yield* opencode.runningElsewhere([session])
          return elsewhere.size > 0 ? untold : told("failed", outcome.detail)
        }
        case "aborted":
        case "rejected":
          return untold
        default:
          return unsettled
      }
    },
    Effect.catchTag(["SessionNotFound", "NoTurn"], () => Effect.succeed(untold)),
    Effect.orElseSucceed(() => unsettled),
  )
