/**
 * The sessions whose turns were seen running, with the instance that ran them. A turn that ends while this program is not
 * running is told at its next start.
 */
import { Context, Effect, Layer, Queue, Schema, Stream } from "effect"
import { SessionId } from "../opencode/Identifiers.ts"
import { openStateFile, stateFileOf } from "./stateFile.ts"

interface RunningSessionsValues {
  /** Notes that a turn is running. */
  readonly add: (session: SessionId, instance: string) => void
  /** Notes that no turn is running. False if none was known to be. */
  readonly remove: (session: SessionId) => boolean
  readonly at: (instance: string) => ReadonlyArray<SessionId>
  readonly all: () => ReadonlyArray<readonly [session: SessionId, instance: string]>
}

/** Maximum number of sessions. The ones that began last are kept. */
const maxSessions = 1000

export const makeRunningSessions = (
  initial: Iterable<readonly [SessionId, string]> = [],
  onChange: () => void = () => {},
): RunningSessionsValues => {
  const running = new Map(initial)
  return {
    add: (session, instance) => {
      if (running.get(session) === instance) return
      running.set(session, instance)
      for (const oldest of running.keys()) {
        if (running.size <= maxSessions) break
        running.delete(oldest)
      }
      onChange()
    },
    remove: (session) => {
      const known = running.delete(session)
      if (known) onChange()
      return known
    },
    at: (instance) => [...running].filter(([, other]) => other === instance).map(([session]) => session),
    all: () => [...running],
  }
}

const Stored = Schema.Tuple([SessionId, Schema.String])

/** Writes the file after each change, at most one write at a time. */
const stored = Effect.fnUntraced(function* (directory: string, id: string) {
  const file = yield* stateFileOf(directory, "running", id)
  const { initial, write } = yield* openStateFile(
    file,
    Stored,
    "a turn that ends while this program is not running may not be told",
  )
  const changes = yield* Queue.sliding<void>(1)
  const running = makeRunningSessions(initial, () => void Queue.offerUnsafe(changes, undefined))
  yield* Stream.fromQueue(changes).pipe(
    Stream.runForEach(() => write(running.all)),
    Effect.forkScoped,
  )
  return running
})

export class RunningSessions extends Context.Service<RunningSessions, RunningSessionsValues>()(
  "opencode-fleet/notify/RunningSessions",
) {
  /** Forgets them with the process. */
  static readonly layer = Layer.sync(RunningSessions, () => makeRunningSessions())

  /** Stores them in a file of the directory. `id` distinguishes programs that run at the same time. */
  static readonly layerStored = (directory: string, id: string) => Layer.effect(RunningSessions, stored(directory, id))
}
