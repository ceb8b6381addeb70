/** Linux: the listening sockets in `/proc/net/tcp` and `/proc/net/tcp6`. */
import { Effect, FileSystem, Option, Schedule, Stream } from "effect"
import { line } from "../../text/plainText.ts"
import { fromGroups } from "../address.ts"
import { CurrentUser } from "../../machine/StrictModes.ts"
import { ListeningUnknown } from "./ListeningSockets.ts"

export interface Socket {
  readonly inode: string
  readonly address: string
  readonly port: number
}

/** Local address and port, the state LISTEN, then further on the user and the inode. */
const listening = /^ *\d+: ([\dA-F]+):([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} 0A \S+ \S+ \S+ +(\d+) +\d+ (\d+) /gmu

const byte = (word: string, index: number) => Number.parseInt(word.slice(index * 2, index * 2 + 2), 16)

/** Each word of four bytes is written as a number, so that its bytes come last to first. */
const addressOf = (hex: string): string => {
  const words = hex.match(/.{8}/gu) ?? []
  return words.length === 1
    ? words.flatMap((word) => [3, 2, 1, 0].map((index) => byte(word, index))).join(".")
    : fromGroups(words.flatMap((word) => [3, 1].map((index) => (byte(word, index) << 8) | byte(word, index - 1))))
}

/** Those of the user, in one of the two tables. */
export const parse = (table: string, user: number): ReadonlyArray<Socket> =>
  [...table.matchAll(listening)].flatMap(([, address = "", port = "", uid, inode = ""]) =>
    Number(uid) === user ? [{ inode, address: addressOf(address), port: Number.parseInt(port, 16) }] : [],
  )

const pause = "2 seconds"

/** opencode takes connections a little before it answers any. */
const settling = "500 millis"

/** Reads the tables: that disturbs nobody and costs next to nothing. */
export const procNet = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const user = yield* CurrentUser

  const sockets = Effect.gen(function* () {
    if (Option.isNone(user)) return yield* new ListeningUnknown({ detail: "this system does not number its users" })
    const tables = yield* Effect.all([
      fs.readFileString("/proc/net/tcp"),
      // There is none where IPv6 is switched off.
      Effect.orElseSucceed(fs.readFileString("/proc/net/tcp6"), () => ""),
    ]).pipe(Effect.mapError(({ message }) => new ListeningUnknown({ detail: line(message) })))
    return tables.flatMap((table) => parse(table, user.value))
  })

  const inodes = Effect.map(sockets, (all) =>
    all
      .map(({ inode }) => inode)
      .toSorted()
      .join(" "),
  )
  const changes = Stream.fromEffectSchedule(Effect.option(inodes), Schedule.spaced(pause)).pipe(
    Stream.filter(Option.isSome),
    Stream.map(({ value }) => value),
    Stream.changes,
    Stream.drop(1),
    Stream.debounce(settling),
    Stream.map(() => undefined),
  )
  return {
    sockets,
    /** Says nothing where there are no such tables. */
    changes: Stream.unwrap(Effect.map(Effect.isSuccess(sockets), (told) => (told ? changes : Stream.never))),
  }
})
