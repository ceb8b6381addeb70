/** Watches a directory of registrations. */
import { Cause, Effect, FileSystem, Path, type PlatformError, Queue, Ref, Schedule, Schema, Stream } from "effect"
import { fileErrorText, systemErrorText } from "../machine/fileError.ts"

class WatchedDirectoryGone extends Schema.TaggedError<WatchedDirectoryGone>()("WatchedDirectoryGone", {}) {}

/** Node throws if the system's limit of watches is reached. */
class NotWatched extends Schema.TaggedError<NotWatched>()("NotWatched", { cause: Schema.Defect() }) {}

const notWatchedReason = (error: PlatformError.PlatformError | NotWatched | WatchedDirectoryGone) => {
  if (error._tag === "NotWatched") return systemErrorText(error.cause, "watch")
  if (error._tag === "WatchedDirectoryGone" || error.reason._tag === "NotFound") return undefined
  return fileErrorText(error)
}

const withoutLimit = <A, E, R>(events: Stream.Stream<A, E, R>) =>
  Stream.catchCauseIf(events, Cause.hasDies, (cause) => Stream.fail(new NotWatched({ cause: Cause.squash(cause) })))

/**
 * Emits when a file whose name is wanted has changed, and when the directory can be watched (again). A watch that cannot be
 * set up is retried, because the directory may be created later. The fleet also scans periodically.
 */
export const watchedDirectory = (directory: string, isWanted: (file: string) => boolean = () => true) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const ready = yield* Queue.unbounded<void>()
      const lastWarning = yield* Ref.make("")
      /** A lasting failure is logged once. A missing directory is none. */
      const warn = (error: PlatformError.PlatformError | NotWatched | WatchedDirectoryGone) => {
        const reason = notWatchedReason(error)
        if (reason === undefined) return Effect.void
        const text = `${directory} is not watched, so changes are seen at the next refresh: ${reason}`
        return Effect.flatMap(Ref.getAndSet(lastWarning, text), (before) =>
          before === text ? Effect.void : Effect.logWarning(text),
        )
      }
      const watched = fs.watch(directory, { onReady: () => Queue.offerUnsafe(ready, undefined) }).pipe(
        withoutLimit,
        // Linux reports nothing after this event, even if the directory is created again.
        Stream.takeUntil((event) => event._tag === "Remove" && path.basename(event.path) === path.basename(directory)),
        Stream.concat(Stream.fail(new WatchedDirectoryGone())),
        Stream.tapError(warn),
        Stream.retry(Schedule.spaced("1 second")),
        Stream.orDie,
        Stream.filter((event) => isWanted(path.basename(event.path))),
      )
      return Stream.merge(
        Stream.fromQueue(ready),
        Stream.map(watched, () => undefined),
      ).pipe(Stream.debounce("100 millis"))
    }),
  )
