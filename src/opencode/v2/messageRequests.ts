/** The messages of a session. opencode 2 stores entries without parents, and lists them newest first. */
import { Effect } from "effect"
import { type ClientError, SessionNotFound } from "../errors.ts"
import type { Call } from "../http/makeCall.ts"
import { readAround } from "../http/readAround.ts"
import { isUnrecognised, understood, type Unrecognised } from "../http/tolerantArray.ts"
import { countPage } from "../sessions/countPage.ts"
import { MessageId, type SessionId } from "../Identifiers.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { Target } from "../Target.ts"
import { conversation, isOfTurn, isPrompt, isReason } from "./conversation.ts"
import { mayBeRefused } from "./ending.ts"
import type { RefusedSteps } from "./refusals.ts"
import type { Routes } from "./routes.ts"
import { sessionMetadata } from "./sessionMetadata.ts"
import type { Worktrees } from "./worktrees.ts"
import type { WireEntry, WireIdle } from "./wire/WireMessage.ts"

/** opencode's maximum for one page. */
const maxPage = 200

const isWrongCursor = (error: ClientError) => error._tag === "OpencodeError" && /cursor/iu.test(error.detail)

/** Maximum number of requests for one page. One may not fill it, because not every entry is a message. */
const maxRounds = 3

/**
 * The cursor of the port: opencode's own, and the idle marker before it in the list, which shows how the next message
 * ended. opencode's cursors are base64, so they contain no dot.
 */
const cursorOf = (next: string, oldest: WireEntry | undefined) =>
  oldest?.type === "idle" ? [next, oldest.id, oldest.outcome, oldest.time.created].join(".") : next

const parseCursor = (before: string): { readonly cursor: string; readonly idle: WireIdle | undefined } => {
  const [cursor = "", id, outcome, created] = before.split(".")
  const isMarked = id !== undefined && outcome !== undefined && created !== undefined
  return {
    cursor,
    idle: isMarked ? { type: "idle", id: MessageId.make(id), outcome, time: { created: Number(created) } } : undefined,
  }
}

const isMessage = ({ type }: WireEntry) => type === "user" || type === "assistant" || type === "compaction"

/** The kind of the first entry that belongs to a turn. Without a prompt before it, its turn begins on an older page. */
const beginning = (entries: ReadonlyArray<WireEntry>) =>
  entries.find((entry) => entry.type === "synthetic" || isOfTurn(entry))?.type

/** Maximum number of requests for the beginning of the turn in which a page begins. */
const maxLead = 10

/** What precedes a page and belongs to the turn in which the page begins. */
interface Lead {
  readonly entries: ReadonlyArray<WireEntry>
  /** The prompt before `entries`. */
  readonly prompt: MessageId | undefined
}

const noLead: Lead = { entries: [], prompt: undefined }

export interface MessageServices {
  readonly refused: RefusedSteps
  readonly worktrees: Worktrees
}

export const messageRequests = (
  routes: Routes,
  call: Call,
  target: Target,
  { refused, worktrees }: MessageServices,
) => {
  const { session: api } = routes.api

  const readPage = (session: SessionId) =>
    readAround(
      ({ before, limit }) =>
        api
          .messages({
            params: { sessionID: session },
            query: { limit, ...(before === undefined ? {} : { cursor: before }) },
          })
          .pipe(
            Effect.flatMap(({ cursor, data }) =>
              Effect.map(understood("message")(data), (entries) => ({
                items: entries.toReversed(),
                // A page that is not full is the last one, although opencode sends a cursor with it.
                older: data.length < limit ? undefined : (cursor.next ?? undefined),
              })),
            ),
            call("messages", { session }),
          ),
      isWrongCursor,
    )

  /** The newest entries before the cursor, oldest first, until `limit` of them are messages. */
  const readEntries = Effect.fnUntraced(function* (session: SessionId, limit: number, before: string | undefined) {
    const entries: Array<WireEntry> = []
    let cursor = before
    let left = Math.min(limit, maxPage)
    for (let round = 0; round < maxRounds && left > 0; round++) {
      const { items, older }: { readonly items: ReadonlyArray<WireEntry>; readonly older: string | undefined } =
        yield* readPage(session)({ limit: left, ...(cursor === undefined ? {} : { before: cursor }) })
      entries.unshift(...items)
      if (older === undefined) return { entries, next: undefined }
      cursor = older
      left = Math.min(limit, maxPage) - entries.filter(isMessage).length
    }
    return { entries, next: cursor }
  })

  /** The newest prompt, or text of opencode itself, before the cursor. */
  const newestBefore = Effect.fnUntraced(function* (session: SessionId, before: string, type: "user" | "synthetic") {
    let cursor: string | undefined = before
    while (cursor !== undefined) {
      const page: { readonly data: ReadonlyArray<WireEntry | Unrecognised>; readonly next: string | undefined } =
        yield* api.messages({ params: { sessionID: session }, query: { limit: 5, cursor, type } }).pipe(
          Effect.map(({ cursor, data }) => ({
            data,
            next: data.length < 5 ? undefined : (cursor.next ?? undefined),
          })),
          call("messages", { session }),
        )
      // One that is not understood may be the newest prompt, so the prompt is unknown.
      const found = page.data.find((entry) => isUnrecognised(entry) || !isReason(entry))
      if (found?.type === "user" || found?.type === "synthetic") return found
      if (found?.type === "unrecognised") return undefined
      cursor = page.next
    }
    return undefined
  })

  /** The entries before the cursor, back to the newest prompt. */
  const readLead = Effect.fnUntraced(function* (session: SessionId, before: string) {
    const lead: Array<WireEntry> = []
    let cursor: string | undefined = before
    for (let round = 0; round < maxLead && cursor !== undefined && !lead.some(isPrompt); round++) {
      const page: { readonly entries: ReadonlyArray<WireEntry>; readonly next: string | undefined } =
        yield* readEntries(session, 50, cursor)
      lead.unshift(...page.entries)
      cursor = page.next
    }
    return lead
  })

  /** Mostly, a turn has a prompt of the user. Only if opencode itself may have started it, all entries are read. */
  const leadOf = Effect.fnUntraced(function* (session: SessionId, entries: ReadonlyArray<WireEntry>, before: string) {
    const begins = beginning(entries)
    if (begins !== "assistant" && begins !== "synthetic") return noLead
    const [user, synthetic] = yield* Effect.all(
      [newestBefore(session, before, "user"), newestBefore(session, before, "synthetic")],
      { concurrency: 2 },
    )
    const isOlder = synthetic === undefined || synthetic.time.created < (user?.time.created ?? 0)
    if (begins === "assistant" && isOlder) return { entries: [], prompt: user?.id }
    const lead = yield* readLead(session, before)
    return { entries: lead, prompt: lead.some(isPrompt) ? undefined : user?.id }
  })

  const messages = Effect.fnUntraced(function* (
    session: SessionId,
    { before, limit }: { readonly limit: number; readonly before?: string },
  ): Effect.fn.Return<MessagePage, ClientError> {
    const given = before === undefined ? undefined : parseCursor(before)
    const { entries, next } = yield* readEntries(session, limit, given?.cursor)
    const lead = next === undefined ? noLead : yield* leadOf(session, entries, next)
    const hasFiles = entries.some((entry) => entry.type === "assistant" && (entry.snapshot?.files ?? []).length > 0)
    const worktree = hasFiles ? yield* worktrees(target, session) : ""
    const own = new Set(entries.map(({ id }) => id))
    const elsewhere = entries.some((entry) => mayBeRefused(entry, refused))
      ? new Set(yield* sessionMetadata(routes, call).refusedSteps(session))
      : new Set<MessageId>()
    /** opencode's cursors say nothing, so the entries from that message on are listed once more. */
    const olderThan = Effect.fnUntraced(function* ({ info }: MessagePage["messages"][number]) {
      const limit = entries.length - entries.findIndex(({ id }) => id === info.id)
      const before = given === undefined ? {} : { before: given.cursor }
      const { items, older } = yield* readPage(session)({ limit: Math.min(limit, maxPage), ...before })
      return older === undefined ? undefined : cursorOf(older, items[0])
    })
    const context = {
      session,
      prompt: lead.prompt,
      idle: given?.idle,
      worktree,
      refused: { has: (step: MessageId) => refused.has(step) || elsewhere.has(step) },
    }
    return {
      messages: conversation([...lead.entries, ...entries], context).filter(({ info }) => own.has(info.id)),
      older: next === undefined ? undefined : cursorOf(next, entries[0]),
      olderThan,
    }
  })

  return {
    messages,
    // Not every entry is a message.
    countMessages: countPage(messages),
    // A single message does not show which prompt it belongs to.
    message: Effect.fnUntraced(function* (session, id): Effect.fn.Return<MessagePage["messages"][number], ClientError> {
      yield* api.message({ params: { sessionID: session, messageID: id } }).pipe(call("message", { session }))
      let before: string | undefined
      do {
        const page: MessagePage = yield* messages(session, {
          limit: maxPage,
          ...(before === undefined ? {} : { before }),
        })
        const found = page.messages.find(({ info }) => info.id === id)
        if (found !== undefined) return found
        before = page.older
      } while (before !== undefined)
      return yield* new SessionNotFound({ instance: target.instance, session })
    }),
  } satisfies Partial<Opencode>
}
