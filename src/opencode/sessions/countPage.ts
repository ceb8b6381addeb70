/** Counts the messages of a page by reading them. */
import { Effect } from "effect"
import type { Opencode } from "../Opencode.ts"
import { countingUnreadable, unreadableTotal } from "../Unreadable.ts"

export const countPage =
  (messages: Opencode["messages"]): Opencode["countMessages"] =>
  (session, page) =>
    Effect.map(countingUnreadable(messages(session, page)), ({ result, unreadable }) => ({
      count: result.messages.length + unreadableTotal(unreadable),
      older: result.older,
      bytes: 0,
    }))
