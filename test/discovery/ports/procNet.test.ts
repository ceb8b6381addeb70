import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, PlatformError, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { parse, procNet } from "../../../src/discovery/ports/procNet.ts"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"
import { tcp, tcp6 } from "./tables.ts"

const missing = (path: string) =>
  Effect.fail(
    PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "readFile", pathOrDescriptor: path }),
  )

/** A machine with exactly these files. */
const withFiles = (
  files: Effect.Effect<Readonly<Record<string, string>>>,
  user: Option.Option<number> = Option.some(0),
) =>
  Layer.merge(
    FileSystem.layerNoop({
      readFileString: (path) =>
        Effect.flatMap(files, (all) => Effect.fromNullishOr(all[path]).pipe(Effect.catch(() => missing(path)))),
    }),
    Layer.succeed(CurrentUser, user),
  )

const both = { "/proc/net/tcp": tcp, "/proc/net/tcp6": tcp6 }

describe("The sockets in /proc/net", () => {
  it("are the user's listening sockets, with addresses in the usual form", () => {
    assert.deepStrictEqual(parse(tcp, 0), [
      { inode: "3122192", address: "127.0.0.2", port: 45_007 },
      { inode: "3122187", address: "0.0.0.0", port: 45_002 },
      { inode: "3122186", address: "127.0.0.1", port: 45_001 },
    ])
    assert.deepStrictEqual(parse(tcp, 1000), [{ inode: "1060", address: "0.0.0.0", port: 2024 }])
    assert.deepStrictEqual(parse(tcp6, 0), [
      { inode: "3122189", address: "::1", port: 45_004 },
      { inode: "3122193", address: "fd00::2", port: 45_008 },
      { inode: "3122188", address: "::", port: 45_003 },
      // An IPv4 address in a socket of IPv6.
      { inode: "3122191", address: "127.0.0.1", port: 45_006 },
    ])
  })

  it("are none in an invalid table", () => {
    for (const text of ["", tcp.split("\n")[0] ?? "", "   0: 0200007F:AFCF 00000000:0000 0A", "\0\0\0"]) {
      assert.deepStrictEqual(parse(text, 0), [])
    }
  })

  it.effect("are those of IPv4 alone if IPv6 is disabled", () =>
    Effect.gen(function* () {
      const { sockets } = yield* procNet
      assert.lengthOf(yield* sockets, 3)
    }).pipe(Effect.provide(withFiles(Effect.succeed({ "/proc/net/tcp": tcp })))),
  )

  it.effect("are unknown without the table, or without numeric user ids", () =>
    Effect.gen(function* () {
      const without = yield* procNet.pipe(Effect.provide(withFiles(Effect.succeed({}))))
      assert.include((yield* Effect.flip(without.sockets)).message, "/proc/net/tcp")
      const nobody = yield* procNet.pipe(Effect.provide(withFiles(Effect.succeed(both), Option.none())))
      assert.include((yield* Effect.flip(nobody.sockets)).message, "users")
    }),
  )
})

describe("Changes of the sockets", () => {
  /** The number of changes so far, and how to cause one. */
  const watched = Effect.fnUntraced(function* (first: Readonly<Record<string, string>>) {
    const files = yield* Ref.make(first)
    const count = yield* Ref.make(0)
    const { changes } = yield* procNet.pipe(Effect.provide(withFiles(Ref.get(files))))
    const watching = yield* Effect.forkScoped(
      Stream.runForEach(changes, () => Ref.update(count, (before) => before + 1)),
    )
    yield* TestClock.adjust("1 minute")
    assert.isUndefined(watching.pollUnsafe())
    return { files, count: Ref.get(count) }
  })
  const added = tcp.replace(" 3122186 ", " 3130000 ")

  it.effect("are emitted once, half a second after a socket is opened or closed", () =>
    Effect.gen(function* () {
      const { count, files } = yield* watched(both)
      assert.strictEqual(yield* count, 0)
      yield* Ref.set(files, { ...both, "/proc/net/tcp": added })
      yield* TestClock.adjust(2000)
      assert.strictEqual(yield* count, 0)
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* count, 1)
      yield* Ref.set(files, { "/proc/net/tcp": added })
      yield* TestClock.adjust(2500)
      assert.strictEqual(yield* count, 2)
    }),
  )

  it.effect("are not emitted for connections, for other users' sockets, or while the table cannot be read", () =>
    Effect.gen(function* () {
      const { count, files } = yield* watched(both)
      const other = tcp.replace("0100007F:AEBC", "0100007F:BBBB").replace(" 1060 ", " 1061 ")
      yield* Ref.set(files, { ...both, "/proc/net/tcp": other })
      yield* TestClock.adjust("1 minute")
      yield* Ref.set(files, {})
      yield* TestClock.adjust("1 minute")
      yield* Ref.set(files, both)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* count, 0)
      yield* Ref.set(files, { ...both, "/proc/net/tcp": added })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* count, 1)
    }),
  )

  it.effect("are never emitted without the tables, which are not read again", () =>
    Effect.gen(function* () {
      const { count, files } = yield* watched({})
      for (const table of [tcp, added]) {
        yield* Ref.set(files, { "/proc/net/tcp": table })
        yield* TestClock.adjust("1 minute")
      }
      assert.strictEqual(yield* count, 0)
    }),
  )
})
