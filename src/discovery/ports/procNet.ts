/** Listening sockets on Linux, from `/proc/net/tcp` and `/proc/net/tcp6`. */
import { Effect, FileSystem, Option, Schedule, Stream } from "effect"
import { fromGroups } from "../address.ts"
import { failureText } from "../../machine/fileError.ts"
import { listeningRows } from "../../machine/portListener.ts"
import { CurrentUser } from "../../machine/StrictModes.ts"
import { ListeningUnknown } from "./ListeningSockets.ts"

export interface Socket {
  readonly inode: string
  readonly address: string
  readonly port: number
}

const byte = (word: string, index: number) => Number.parseInt(word.slice(index * 2, index * 2 + 2), 16)

/** An address in hexadecimal: each 32-bit word is a little-endian number, so its bytes are in reverse order. */
export const addressOf = (hex: string): string => {
  const words = hex.match(/.{8}/gu) ?? []
  return words.length === 1
    ? words.flatMap((word) => [3, 2, 1, 0].map((index) => byte(word, index))).join(".")
    : fromGroups(words.flatMap((word) => [3, 1].map((index) => (byte(word, index) << 8) | byte(word, index - 1))))
}

/** The sockets in one of the tables: those of one user, or of all users. */
export const parse = (table: string, user?: number): ReadonlyArray<Socket> =>
  listeningRows(table).flatMap(({ address, inode, port, user: owner }) =>
    user === undefined || owner === user ? [{ inode, address: addressOf(address), port }] : [],
  )

const pollInterval = "2 seconds"

/** opencode accepts connections slightly before it answers requests. */
const settling = "500 millis"

/** Reading the tables is cheap and sends no request. */
export const procNet = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const user = yield* CurrentUser

  const tables = Effect.all([
    fs.readFileString("/proc/net/tcp"),
    // The file is missing if IPv6 is disabled.
    Effect.orElseSucceed(fs.readFileString("/proc/net/tcp6"), () => ""),
  ]).pipe(Effect.mapError((error) => new ListeningUnknown({ detail: failureText(error) })))

  const sockets = Effect.gen(function* () {
    if (Option.isNone(user)) return yield* new ListeningUnknown({ detail: "users have no numeric ids on this system" })
    return (yield* tables).flatMap((table) => parse(table, user.value))
  })

  const inodes = Effect.map(sockets, (all) =>
    all
      .map(({ inode }) => inode)
      .toSorted()
      .join(" "),
  )
  const changes = Stream.fromEffectSchedule(Effect.option(inodes), Schedule.spaced(pollInterval)).pipe(
    Stream.filter(Option.isSome),
    Stream.map(({ value }) => value),
    Stream.changes,
    Stream.drop(1),
    Stream.debounce(settling),
    Stream.map(() => undefined),
  )
  return {
    /** This user's sockets. */
    sockets,
    /** The sockets of all users. */
    allSockets: Effect.map(tables, (all) => all.flatMap((table) => parse(table))),
    /** Never emits on systems without these tables. */
    changes: Stream.unwrap(Effect.map(Effect.isSuccess(sockets), (exists) => (exists ? changes : Stream.never))),
  }
})
