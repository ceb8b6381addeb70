/** Counts the items of opencode's answers that cannot be understood, so that a surface can say that they are missing. */
import { Context, Effect } from "effect"

/** What the lists in opencode's answers contain. */
export type ItemKind =
  | "session"
  | "message"
  /** opencode fails to send it, or it is too large: not a matter of versions. */
  | "unread message"
  | "permission"
  | "question"
  | "agent"
  | "model"
  | "provider"
  | "file change"
  | "queued message"
  | "project"
  | "command"

/** The number of items that were left out, by kind. Kinds of which none was left out are absent. */
export type Unreadable = ReadonlyMap<ItemKind, number>

export const nothingUnreadable: Unreadable = new Map()

/** Requests read it from their fiber. */
const UnreadableItems = Context.Reference<Map<ItemKind, number> | undefined>(
  "opencode-fleet/opencode/UnreadableItems",
  {
    defaultValue: () => undefined,
  },
)

/** Counts items that a request leaves out of its answer. */
export const leaveOut = (kind: ItemKind, count: number): Effect.Effect<void> =>
  Effect.map(UnreadableItems, (items) => {
    if (items !== undefined && count > 0) items.set(kind, (items.get(kind) ?? 0) + count)
  })

/** Runs requests, and returns how many items were left out of their answers. */
export const countingUnreadable = <A, E, R>(
  requests: Effect.Effect<A, E, R>,
): Effect.Effect<{ readonly result: A; readonly unreadable: Unreadable }, E, R> =>
  Effect.suspend(() => {
    const unreadable = new Map<ItemKind, number>()
    return Effect.map(Effect.provideService(requests, UnreadableItems, unreadable), (result) => ({
      result,
      unreadable,
    }))
  })

/** Adds what a counted request left out to the count around it. For requests of which only the last one counts. */
export const recount = <A>({
  result,
  unreadable,
}: {
  readonly result: A
  readonly unreadable: Unreadable
}): Effect.Effect<A> =>
  Effect.as(
    Effect.forEach(unreadable, ([kind, count]) => leaveOut(kind, count), { discard: true }),
    result,
  )

export const unreadableTotal = (unreadable: Unreadable): number =>
  Array.from(unreadable.values()).reduce((sum, count) => sum + count, 0)

/** Whether there are messages that were left out. */
export const lacksMessages = (unreadable: Unreadable): boolean =>
  unreadable.has("message") || unreadable.has("unread message")

export const unreadMessages = (unreadable: Unreadable): number => unreadable.get("unread message") ?? 0

/** For example `1 message could not be read`; undefined if there is none. */
export const notRead = (unreadable: Unreadable): string | undefined => {
  const count = unreadMessages(unreadable)
  return count === 0 ? undefined : `${count} message${count === 1 ? "" : "s"} could not be read`
}

/** For example `2 sessions, 1 permission not understood (opencode 2.1.0)`; undefined if there is none. */
export const ofAnotherShape = (unreadable: Unreadable, version: string | undefined): string | undefined => {
  const items = Array.from(unreadable, ([kind, count]) =>
    kind === "unread message" ? [] : [`${count} ${kind}${count === 1 ? "" : "s"}`],
  ).flat()
  if (items.length === 0) return undefined
  return `${items.join(", ")} not understood${version === undefined ? "" : ` (opencode ${version})`}`
}

/** What was left out, in one line; undefined if nothing was. */
export const notUnderstood = (unreadable: Unreadable, version: string | undefined): string | undefined => {
  const parts = [notRead(unreadable) ?? [], ofAnotherShape(unreadable, version) ?? []].flat()
  return parts.length === 0 ? undefined : parts.join("; ")
}
