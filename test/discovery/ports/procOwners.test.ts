import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, PlatformError } from "effect"
import { TestClock } from "effect/testing"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { procOwners } from "../../../src/discovery/ports/procOwners.ts"
import { LinkTargets } from "../../../src/machine/LinkTargets.ts"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"
import { fileInfo } from "./fileInfo.ts"

interface Process {
  readonly user?: number
  readonly exe?: string
  readonly args?: ReadonlyArray<string>
  readonly cwd?: string
  readonly inodes?: ReadonlyArray<number>
  /** The kernel denies access to its files. */
  readonly closed?: boolean
}

const refused = (path: string) =>
  Effect.fail(
    PlatformError.systemError({
      _tag: "PermissionDenied",
      module: "FileSystem",
      method: "read",
      pathOrDescriptor: path,
    }),
  )

const given = (path: string, value: string | undefined) => (value === undefined ? refused(path) : Effect.succeed(value))

const tooManyFiles = PlatformError.systemError({
  _tag: "Unknown",
  module: "FileSystem",
  method: "open",
  cause: Object.assign(new Error("EMFILE"), { code: "EMFILE" }),
})

/**
 * A simulated `/proc` with these processes, read by user 7, and a record of the processes whose files were read. This process
 * has too many open files to read a path for which `isShort` is true.
 */
const machine = (processes: Map<number, Process>, isShort: (path: string) => boolean = () => false) => {
  const looked: Array<number> = []
  const at = (path: string) => {
    const [, , pid = "", ...rest] = path.split("/")
    const process = processes.get(Number(pid))
    return { pid: Number(pid), process, rest: rest.join("/") }
  }
  const services = Layer.mergeAll(
    FileSystem.layerNoop({
      readDirectory: (path) =>
        Effect.suspend(() => {
          if (isShort(path)) return Effect.fail(tooManyFiles)
          if (path === "/proc") return Effect.succeed(["self", "net", ...[...processes.keys()].map(String)])
          const { pid, process } = at(path)
          looked.push(pid)
          if (process === undefined || process.closed === true) return refused(path)
          return Effect.succeed(["0", "1", ...(process.inodes ?? []).map((inode) => `n${inode}`)])
        }),
      readLink: (path) =>
        Effect.suspend(() => {
          const { process, rest } = at(path)
          return given(path, rest === "exe" ? process?.exe : process?.cwd)
        }),
      readFileString: (path) =>
        Effect.suspend(() =>
          given(
            path,
            at(path)
              .process?.args?.map((arg) => `${arg}\0`)
              .join(""),
          ),
        ),
      stat: (path) =>
        Effect.suspend(() => {
          const { process } = at(path)
          return process === undefined ? refused(path) : Effect.succeed(fileInfo({ uid: process.user ?? 7 }))
        }),
    }),
    Layer.succeed(LinkTargets, (_directory, names) =>
      Effect.succeed(names.map((name) => (name.startsWith("n") ? `socket:[${name.slice(1)}]` : "/dev/null"))),
    ),
    Layer.succeed(CurrentUser, Option.some(7)),
    Layer.succeed(LocalMachine, {
      hostname: "here",
      isAlive: (pid, birth) => processes.has(pid) && birth === `birth of ${pid}`,
      birthOf: (pid) => (processes.has(pid) ? `birth of ${pid}` : undefined),
      addresses: () => [],
    }),
  )
  return {
    looked: () => looked.splice(0),
    owners: procOwners.pipe(
      Effect.map(
        (ownersOf) =>
          (...inodes: ReadonlyArray<number>) =>
            Effect.map(ownersOf(new Set(inodes.map(String))), (owners) =>
              inodes.map((inode) => owners.get(String(inode))),
            ),
      ),
      Effect.provide(services),
    ),
  }
}

const opencode = { exe: "/opt/opencode", args: ["opencode", "serve"], cwd: "/work/shop" }

describe("The owner of a socket", () => {
  it.effect("is the process of this user that has it open", () =>
    Effect.gen(function* () {
      const { owners } = machine(
        new Map([
          [10, { exe: "/usr/bin/bash", inodes: [1] }],
          [11, { ...opencode, inodes: [2, 3] }],
          [12, { ...opencode, user: 8, inodes: [4] }],
        ]),
      )
      const who = yield* owners
      const [two, three, four, five] = yield* who(2, 3, 4, 5)
      assert.deepStrictEqual(two, {
        pid: 11,
        birth: "birth of 11",
        program: "opencode",
        isOpencode: true,
        directory: "/work/shop",
      })
      assert.deepStrictEqual(three, two)
      // Another user's process, whatever it calls itself; and nobody's.
      assert.isUndefined(four)
      assert.isUndefined(five)
    }),
  )

  it.effect("is searched once; later calls search only for new sockets", () =>
    Effect.gen(function* () {
      const processes = new Map<number, Process>([[11, { ...opencode, inodes: [2] }]])
      const { looked, owners } = machine(processes)
      const who = yield* owners
      yield* who(2)
      assert.deepStrictEqual(looked(), [11])
      yield* who(2)
      assert.deepStrictEqual(looked(), [])
      processes.set(13, { ...opencode, cwd: "/work/api", inodes: [6] })
      assert.deepStrictEqual(
        (yield* who(2, 6)).map((owner) => owner?.directory),
        ["/work/shop", "/work/api"],
      )
      assert.deepStrictEqual(looked(), [11, 13])
    }),
  )

  it.effect("is searched once per minute if it cannot be found", () =>
    Effect.gen(function* () {
      const { looked, owners } = machine(new Map<number, Process>([[10, { closed: true, inodes: [1] }]]))
      const who = yield* owners
      for (const [pass, expected] of [
        [0, 1],
        [59_999, 0],
        [1, 1],
      ] as const) {
        yield* TestClock.adjust(pass)
        assert.deepStrictEqual(yield* who(1), [undefined])
        assert.lengthOf(looked(), expected)
      }
    }),
  )

  it.effect("is unknown if its process exits or denies access during the search, and others are still found", () =>
    Effect.gen(function* () {
      const { owners } = machine(
        new Map<number, Process>([
          [10, { closed: true, inodes: [1] }],
          [11, { inodes: [2] }],
          [12, { ...opencode, inodes: [3] }],
        ]),
      )
      const who = yield* owners
      const [one, two, three] = yield* who(1, 2, 3)
      assert.isUndefined(one)
      assert.deepInclude(two, { pid: 11, program: "", isOpencode: false, directory: undefined })
      assert.isTrue(three?.isOpencode)
    }),
  )

  it.effect.each(["/proc", "/proc/11/fd"])(
    "is not called unknown while this process has too many open files to read %s",
    (path) =>
      Effect.gen(function* () {
        let isShort = true
        const { owners } = machine(new Map([[11, { ...opencode, inodes: [2] }]]), (read) => isShort && read === path)
        const who = yield* owners
        assert.include((yield* Effect.flip(who(2))).message, "too many open files; raise its limit (ulimit -n)")
        isShort = false
        assert.deepInclude((yield* who(2))[0], { pid: 11, isOpencode: true }, "it is searched again at once")
      }),
  )

  it.effect("changes after the first process has passed the socket on and exited", () =>
    Effect.gen(function* () {
      const processes = new Map<number, Process>([
        [11, { ...opencode, inodes: [2] }],
        [12, { exe: "/usr/bin/python3.12", inodes: [2] }],
      ])
      const { owners } = machine(processes)
      const who = yield* owners
      assert.deepInclude((yield* who(2))[0], { pid: 11, isOpencode: true })
      processes.delete(11)
      assert.deepInclude((yield* who(2))[0], { pid: 12, program: "python3.12", isOpencode: false })
    }),
  )

  it.effect("is dropped with the socket, because inodes are reused", () =>
    Effect.gen(function* () {
      const processes = new Map<number, Process>([
        [11, { ...opencode, inodes: [2] }],
        [12, { exe: "/usr/bin/ssh", inodes: [] }],
      ])
      const { owners } = machine(processes)
      const who = yield* owners
      yield* who(2)
      yield* who()
      processes.set(11, { ...opencode, inodes: [] })
      processes.set(12, { exe: "/usr/bin/ssh", inodes: [2] })
      assert.deepInclude((yield* who(2))[0], { pid: 12, program: "ssh" })
    }),
  )
})
