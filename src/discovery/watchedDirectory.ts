/** Watches a directory of registrations. */
import { Effect, FileSystem, Path, Queue, Schedule, Schema, Stream } from "effect"

class WatchedDirectoryGone extends Schema.TaggedError<WatchedDirectoryGone>()("WatchedDirectoryGone", {}) {}

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
      const watched = fs.watch(directory, { onReady: () => Queue.offerUnsafe(ready, undefined) }).pipe(
        // Linux reports nothing after this event, even if the directory is created again.
        Stream.takeUntil((event) => event._tag === "Remove" && path.basename(event.path) === path.basename(directory)),
        Stream.concat(Stream.fail(new WatchedDirectoryGone())),
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
