/** Removes registrations of instances that are gone: the only code that does so. `judgement.ts` decides which. */
import { Clock, Duration, Effect, FileSystem, Option, Path, type PlatformError, Schema } from "effect"
import { unreadable } from "../../discovery/relay/RelayDirectory.ts"
import type { Snapshot } from "../Snapshot.ts"
import { failureText } from "../../machine/fileError.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { type Judgement, judge } from "./judgement.ts"
import * as Silence from "./Silence.ts"

export type Verdict = "removed" | "would-remove" | "kept" | "failed"

export interface Pruned extends Omit<Judgement, "remove"> {
  readonly verdict: Verdict
}

export interface PruneOptions {
  /** Absolute path of the relay directory. */
  readonly relayDirectory: string
  /** Absolute path of the directory that stores, between runs, how long each instance has been silent. */
  readonly stateDirectory: string
  /** How long an instance must have been silent before its registration is removed. Default: 7 days. */
  readonly silentFor?: Duration.Input | undefined
  /** Only reports what would be removed, and changes nothing. Default: false. */
  readonly dryRun?: boolean | undefined
}

/** The relay directory exists, but cannot be read. */
export class RelayDirectoryUnread extends Schema.TaggedError<RelayDirectoryUnread>()("RelayDirectoryUnread", {
  directory: Schema.String,
  reason: Schema.String,
}) {
  override get message() {
    return `Nothing was removed: ${this.directory} ${this.reason}`
  }
}

/** None if the file does not exist. */
const unlessGone = <A, R>(effect: Effect.Effect<A, PlatformError.PlatformError, R>) =>
  Effect.catchIf(
    Effect.asSome(effect),
    ({ reason }) => reason._tag === "NotFound",
    () => Effect.succeed(Option.none<A>()),
  )

/** The current files of the directory by path; undefined if the directory does not exist. */
const filesIn = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* unlessGone(fs.readDirectory(directory))
  if (Option.isNone(names)) return undefined
  const entries = yield* Effect.forEach(
    names.value.map((name) => path.join(directory, name)),
    (file) =>
      Effect.map(
        unlessGone(fs.lstat(file)),
        Option.map((info) => [file, info] as const),
      ),
    { concurrency: 64 },
  )
  return new Map(entries.flatMap(Option.toArray))
})

const isUnchanged = (one: FileSystem.File.Info, other: FileSystem.File.Info): boolean =>
  one.type === other.type &&
  one.size === other.size &&
  Option.getOrUndefined(one.ino) === Option.getOrUndefined(other.ino) &&
  Option.match(one.mtime, { onNone: () => 0, onSome: Number }) ===
    Option.match(other.mtime, { onNone: () => 0, onSome: Number })

/** Removes a file unless it has changed since it was judged. */
const remove = Effect.fnUntraced(function* (judgement: Judgement, judged: FileSystem.File.Info | undefined) {
  const fs = yield* FileSystem.FileSystem
  const kept = (reason: string): Pruned => ({ ...judgement, verdict: "kept", reason })
  const now = yield* unlessGone(fs.lstat(judgement.file))
  if (Option.isNone(now)) return kept("was removed by another program just now")
  if (judged === undefined || !isUnchanged(judged, now.value)) return kept("was rewritten just now")
  yield* fs.remove(judgement.file)
  return { ...judgement, verdict: "removed" } satisfies Pruned as Pruned
})

/** Stores the silences of this directory, and keeps those of registrations in other directories that still exist. */
const storeSilence = Effect.fnUntraced(function* (
  before: Silence.Silence,
  { relayDirectory: directory, stateDirectory }: Pick<PruneOptions, "relayDirectory" | "stateDirectory">,
  all: ReadonlyArray<Pruned>,
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const elsewhere = yield* Effect.filter(
    [...before].filter(([file]) => path.dirname(file) !== directory),
    ([file]) => Effect.orElseSucceed(fs.exists(file), () => true),
  )
  const here = all.flatMap(({ file, silentSince, verdict }) =>
    silentSince === undefined || verdict === "removed" ? [] : [[file, silentSince] as const],
  )
  const after = new Map([...elsewhere, ...here])
  // Without any silence, no file is created.
  if (before.size > 0 || after.size > 0) yield* Silence.write(stateDirectory, after)
})

/**
 * Judges every registration and removes those of instances that are gone. Returns one entry for each file.
 *
 * `refresh` must scan when it is run, not before: files written meanwhile are not judged, and are kept. Fails with
 * {@link RelayDirectoryUnread} if the directory exists but cannot be read or is not trusted.
 */
export const prune = Effect.fn("prune")(function* <R>(
  refresh: Effect.Effect<Snapshot, never, R>,
  { dryRun = false, relayDirectory: directory, silentFor = "7 days", stateDirectory }: PruneOptions,
) {
  const unread = (reason: string) => Effect.fail(new RelayDirectoryUnread({ directory, reason }))
  const files = yield* Effect.catchTag(filesIn(directory), "PlatformError", (error) => unread(unreadable(error).reason))
  if (files === undefined) return []
  const snapshot = yield* refresh
  const directoryProblem = snapshot.problems.find(({ source }) => source === directory)
  if (directoryProblem !== undefined) return yield* unread(directoryProblem.reason)
  const silence = yield* Silence.read(stateDirectory)
  const machine = yield* LocalMachine
  const now = yield* Clock.currentTimeMillis
  const judgements = judge({
    directory,
    files,
    snapshot,
    silence,
    now,
    silentFor: Duration.fromInputUnsafe(silentFor),
    machine,
  })
  const pruned = yield* Effect.forEach(judgements, (judgement): Effect.Effect<Pruned, never, FileSystem.FileSystem> => {
    if (!judgement.remove) return Effect.succeed({ ...judgement, verdict: "kept" })
    if (dryRun) return Effect.succeed({ ...judgement, verdict: "would-remove" })
    return Effect.catch(remove(judgement, files.get(judgement.file)), (error) =>
      Effect.succeed<Pruned>({
        ...judgement,
        verdict: "failed",
        reason: `could not be removed: ${failureText(error)}`,
      }),
    )
  })
  if (!dryRun) yield* storeSilence(silence, { relayDirectory: directory, stateDirectory }, pruned)
  return pruned
})
