/**
 * What a session has changed in its files. opencode answers only for one turn at a time, by the id of its user message,
 * so the turns are looked up, asked one by one, and put together.
 */
import { Effect, Schedule, Stream } from "effect"
import type { ClientError } from "../errors.ts"
import type { FileDiff } from "./FileDiff.ts"
import { addTurn, type FileChange, type FileChanges, none, summarise } from "./FileChanges.ts"
import type { MessageId } from "../Identifiers.ts"
import type { Message } from "../sessions/Message.ts"
import type { MessagePage, Opencode } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"

/** Why there is no answer, or none can be expected. */
export type Unrecorded = "not in git" | "snapshots are off"

export interface SessionDiff {
  /** The one changed last first. */
  readonly files: ReadonlyArray<FileChange>
  /** Files that were changed and are as before again. */
  readonly undone: number
  /**
   * Files, as absolute paths, that were changed by turns of which opencode has no diff: those that run, those that were
   * broken off, and those that changed everything back themselves.
   */
  readonly untold: ReadonlyArray<string>
  /** Turns that were looked at. */
  readonly turns: number
  /** Older turns that were not; there are still more of them if `more` is true. */
  readonly olderTurns: number
  readonly more: boolean
  /** Whether a turn is running: what it changes is told when it has ended. */
  readonly running: boolean
  /** Only where nothing was changed. */
  readonly unrecorded?: Unrecorded
}

/** What its messages tell about a turn. */
interface Trace {
  /** The user message. */
  readonly message: MessageId
  /** Of all messages of the turn. */
  readonly ids: ReadonlySet<MessageId>
  readonly began: boolean
  readonly snapshot: boolean
  /** Files that its steps changed, as absolute paths. */
  readonly files: ReadonlyArray<string>
}

/** User messages carry the diffs of their turns, with whole files, so a page may be large. */
const pageSize = 50
const mostPages = 20

/** Each may bring whole files with it. */
const mostTurns = 100
const askedAtOnce = 4

/** opencode writes a turn's diff a moment after it has said that the session is idle. */
const untilWritten = {
  until: (files: ReadonlyArray<FileDiff>) => files.length > 0,
  schedule: Schedule.spaced("100 millis"),
  times: 10,
}

const traceOf = ({ info, parts }: Message): Trace => {
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

/** Of the turns that these messages belong to, in their order. */
const traces = (messages: ReadonlyArray<Trace>): ReadonlyArray<Trace> =>
  [...Map.groupBy(messages, ({ message }) => message)].map(([message, members]) => ({
    message,
    ids: new Set(members.flatMap(({ ids }) => [...ids])),
    began: members.some(({ began }) => began),
    snapshot: members.some(({ snapshot }) => snapshot),
    files: members.flatMap(({ files }) => files),
  }))

/** The newest turns, oldest first. A page is let go as soon as it is read: it holds whole tool outputs. */
const readTurns = (
  opencode: Opencode,
  { id, undoneFrom }: Session,
  isEnough: (turns: ReadonlyArray<Trace>) => boolean,
) =>
  Effect.gen(function* () {
    const pages: Array<ReadonlyArray<Trace>> = []
    let turns: ReadonlyArray<Trace> = []
    let before: MessagePage["older"]
    do {
      const page: MessagePage = yield* opencode.messages(id, {
        limit: pageSize,
        ...(before === undefined ? {} : { before }),
      })
      pages.unshift(page.messages.map(traceOf))
      turns = traces(pages.flat())
      before = page.older
    } while (before !== undefined && pages.length < mostPages && !isEnough(turns))
    const undone = turns.findIndex(({ message }) => message === undoneFrom)
    return { turns: undone < 0 ? turns : turns.slice(0, undone), more: before !== undefined }
  })

const unrecorded = Effect.fnUntraced(function* (
  opencode: Opencode,
  { directory }: Session,
  turns: ReadonlyArray<Trace>,
): Effect.fn.Return<Unrecorded | undefined, ClientError> {
  if (turns.some(({ snapshot }) => snapshot)) return undefined
  if (!(yield* opencode.inGit(directory))) return "not in git"
  return turns.some(({ began }) => began) ? "snapshots are off" : undefined
})

interface Told {
  readonly changes: FileChanges
  readonly untold: ReadonlySet<string>
}

const look = Effect.fnUntraced(function* (
  opencode: Opencode,
  session: Session,
  turns: ReadonlyArray<Trace>,
  newest: Trace | undefined,
) {
  const running = (yield* opencode.statuses(session.directory)).has(session.id)
  const ask = (turn: Trace): Effect.Effect<ReadonlyArray<FileDiff>, ClientError> => {
    const diff = opencode.diff(session.id, turn.message)
    return turn === newest && turn.files.length > 0 && !running ? Effect.repeat(diff, untilWritten) : diff
  }
  const { changes, untold } = yield* Stream.fromIterable(turns).pipe(
    Stream.mapEffect((turn) => Effect.map(ask(turn), (diffs) => ({ diffs, turn })), { concurrency: askedAtOnce }),
    Stream.runFold(
      (): Told => ({ changes: none, untold: new Set() }),
      ({ changes, untold }, { diffs, turn }) => ({
        changes: addTurn(changes, diffs),
        untold: diffs.length > 0 ? untold : new Set([...untold, ...turn.files]),
      }),
    ),
  )
  const reason = changes.size + untold.size === 0 ? yield* unrecorded(opencode, session, turns) : undefined
  return {
    ...summarise(changes),
    untold: [...untold],
    turns: turns.length,
    running: running && turns.at(-1) === newest,
    ...(reason === undefined ? {} : { unrecorded: reason }),
  }
})

/** What the newest turns of a session have changed, all together. */
export const sessionDiff = Effect.fn("sessionDiff")(function* (
  opencode: Opencode,
  session: Session,
): Effect.fn.Return<SessionDiff, ClientError> {
  const { more, turns } = yield* readTurns(opencode, session, (read) => read.length > mostTurns)
  const looked = turns.slice(-mostTurns)
  return {
    ...(yield* look(opencode, session, looked, turns.at(-1))),
    olderTurns: turns.length - looked.length,
    more,
  }
})

/** What the turn of one message, the user's or an answer, has changed; nothing if the session has no such message. */
export const turnDiff = Effect.fn("turnDiff")(function* (
  opencode: Opencode,
  session: Session,
  message: MessageId,
): Effect.fn.Return<(SessionDiff & { readonly message: MessageId }) | undefined, ClientError> {
  const { turns } = yield* readTurns(opencode, session, (read) => read.some(({ ids }) => ids.has(message)))
  const turn = turns.find(({ ids }) => ids.has(message))
  if (turn === undefined) return undefined
  return {
    ...(yield* look(opencode, session, [turn], turns.at(-1))),
    message: turn.message,
    olderTurns: 0,
    more: false,
  }
})
