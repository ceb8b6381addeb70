/**
 * The file changes of a session. opencode reports the changes of one turn at a time, by the id of its user message, so the
 * changes of all turns are read and merged.
 */
import { Effect, Schedule, Stream } from "effect"
import type { ClientError } from "../errors.ts"
import type { FileDiff } from "./FileDiff.ts"
import { addTurn, type FileChange, type FileChanges, none, summarise } from "./FileChanges.ts"
import type { MessageId } from "../Identifiers.ts"
import type { Message } from "../sessions/Message.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"
import { countingUnreadable, recount, type Unreadable } from "../Unreadable.ts"

/** Why opencode records no changes for a session. */
export type Unrecorded = "not in git" | "snapshots are off"

export interface SessionDiff {
  /** Most recently changed first. */
  readonly files: ReadonlyArray<FileChange>
  /** The number of files whose changes were all undone. */
  readonly undone: number
  /**
   * Absolute paths of the files that were changed by turns without a diff: turns that are running, were interrupted, or
   * reverted all their changes themselves.
   */
  readonly filesWithoutDiff: ReadonlyArray<string>
  /** The number of turns that are included. */
  readonly turns: number
  /** The number of older turns that were read but are not included. `more`: there are even older ones. */
  readonly olderTurns: number
  readonly more: boolean
  /** Whether the newest turn is running. Its changes are reported when it has ended. */
  readonly running: boolean
  /** Set only if there are no changes. */
  readonly unrecorded?: Unrecorded
}

/** What the messages of a turn show about its changes. */
interface TurnTrace {
  /** The user message of the turn. */
  readonly message: MessageId
  /** All messages of the turn. */
  readonly ids: ReadonlySet<MessageId>
  readonly began: boolean
  readonly snapshot: boolean
  /** Absolute paths of the files that the turn has changed. */
  readonly files: ReadonlyArray<string>
}

/** Messages in a page. User messages contain the diffs of their turns with whole files, so a page can be large. */
const pageSize = 50
const maxPages = 20

/** Maximum number of included turns. Each diff can contain whole files. */
const maxTurns = 100
const concurrency = 4

/** opencode stores the diff of a turn shortly after it has reported the session as idle. */
const untilWritten = {
  until: ({ result, unreadable }: { readonly result: ReadonlyArray<FileDiff>; readonly unreadable: Unreadable }) =>
    result.length + unreadable.size > 0,
  schedule: Schedule.spaced("100 millis"),
  times: 10,
}

const traceOf = ({ info, parts }: Message): TurnTrace => {
  const message = info.role === "user" ? info.id : info.parentID
  const steps = parts.filter((part) => part.type === "step")
  return {
    message,
    ids: new Set([message, info.id]),
    began: steps.length > 0,
    snapshot: steps.some(({ snapshot }) => snapshot),
    files: parts.flatMap((part) => (part.type === "patch" ? part.files : [])),
  }
}

/** Merges the messages of each turn. */
const mergeTraces = (messages: ReadonlyArray<TurnTrace>): ReadonlyArray<TurnTrace> =>
  [...Map.groupBy(messages, ({ message }) => message)].map(([message, members]) => ({
    message,
    ids: new Set(members.flatMap(({ ids }) => [...ids])),
    began: members.some(({ began }) => began),
    snapshot: members.some(({ snapshot }) => snapshot),
    files: members.flatMap(({ files }) => files),
  }))

/** The newest turns, oldest first. Pages contain whole tool outputs, so only their traces are kept. */
const readTurns = (
  opencode: Opencode,
  { id, undoneFrom }: Session,
  isEnough: (turns: ReadonlyArray<TurnTrace>) => boolean,
) =>
  Effect.gen(function* () {
    const pages: Array<ReadonlyArray<TurnTrace>> = []
    let turns: ReadonlyArray<TurnTrace> = []
    let before: MessagePage["older"]
    do {
      const page: MessagePage = yield* opencode.messages(id, {
        limit: pageSize,
        ...(before === undefined ? {} : { before }),
      })
      pages.unshift(page.messages.map(traceOf))
      turns = mergeTraces(pages.flat())
      before = page.older
    } while (before !== undefined && pages.length < maxPages && !isEnough(turns))
    const undone = turns.findIndex(({ message }) => message === undoneFrom)
    return { turns: undone < 0 ? turns : turns.slice(0, undone), more: before !== undefined }
  })

const unrecorded = Effect.fnUntraced(function* (
  opencode: Opencode,
  { directory }: Session,
  turns: ReadonlyArray<TurnTrace>,
): Effect.fn.Return<Unrecorded | undefined, ClientError> {
  if (turns.some(({ snapshot }) => snapshot)) return undefined
  if (!(yield* opencode.inGit(directory))) return "not in git"
  return turns.some(({ began }) => began) ? "snapshots are off" : undefined
})

interface Merged {
  readonly changes: FileChanges
  readonly filesWithoutDiff: ReadonlySet<string>
}

const readDiffs = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  turns: ReadonlyArray<TurnTrace>,
  newest: TurnTrace | undefined,
  version: string | undefined,
) {
  const running = (yield* opencode.statuses(session.directory)).has(session.id)
  const diffOf = (turn: TurnTrace): Effect.Effect<ReadonlyArray<FileDiff>, ClientError> => {
    const diff = opencode.diff(session.id, turn.message, version)
    return turn === newest && turn.files.length > 0 && !running
      ? Effect.flatMap(Effect.repeat(countingUnreadable(diff), untilWritten), recount)
      : diff
  }
  const { changes, filesWithoutDiff } = yield* Stream.fromIterable(turns).pipe(
    Stream.mapEffect((turn) => Effect.map(diffOf(turn), (diffs) => ({ diffs, turn })), { concurrency }),
    Stream.runFold(
      (): Merged => ({ changes: none, filesWithoutDiff: new Set() }),
      ({ changes, filesWithoutDiff }, { diffs, turn }) => ({
        changes: addTurn(changes, diffs),
        filesWithoutDiff: diffs.length > 0 ? filesWithoutDiff : new Set([...filesWithoutDiff, ...turn.files]),
      }),
    ),
  )
  const reason = changes.size + filesWithoutDiff.size === 0 ? yield* unrecorded(opencode, session, turns) : undefined
  return {
    ...summarise(changes),
    filesWithoutDiff: [...filesWithoutDiff],
    turns: turns.length,
    running: running && turns.at(-1) === newest,
    ...(reason === undefined ? {} : { unrecorded: reason }),
  }
})

/** The combined changes of the newest turns of a session. `version` is the one that the server reports. */
export const sessionDiff = Effect.fn("sessionDiff")(function* (
  opencode: Opencode,
  session: Session,
  version?: string,
): Effect.fn.Return<SessionDiff, ClientError> {
  const { more, turns } = yield* readTurns(opencode, session, (read) => read.length > maxTurns)
  const included = turns.slice(-maxTurns)
  return {
    ...(yield* readDiffs(opencode, session, included, turns.at(-1), version)),
    olderTurns: turns.length - included.length,
    more,
  }
})

/** The changes of one turn, by the id of any of its messages. Undefined if the session has no such message. */
export const turnDiff = Effect.fn("turnDiff")(function* (
  opencode: Opencode,
  session: Session,
  message: MessageId,
  version?: string,
): Effect.fn.Return<(SessionDiff & { readonly message: MessageId }) | undefined, ClientError> {
  const { turns } = yield* readTurns(opencode, session, (read) => read.some(({ ids }) => ids.has(message)))
  const turn = turns.find(({ ids }) => ids.has(message))
  if (turn === undefined) return undefined
  return {
    ...(yield* readDiffs(opencode, session, [turn], turns.at(-1), version)),
    message: turn.message,
    olderTurns: 0,
    more: false,
  }
})
