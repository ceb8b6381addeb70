import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer, Option, Path, Queue, Schema, Stream, Struct } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { TestClock } from "effect/testing"
import type { Scan } from "../../../src/discovery/Discovery.ts"
import { HostileText, hostileText } from "./hostile.ts"
import { discovery, makeRelay, type Options, scan } from "./relay.ts"

const names = ({ announcements }: Scan) => announcements.map(({ name }) => name)

/** The only problem of the scan, which must concern this file. */
const problemOf = (found: Scan, source: string): string => {
  assert.deepStrictEqual(found.announcements, [])
  assert.deepStrictEqual(
    found.problems.map((problem) => problem.source),
    [source],
  )
  const reason = found.problems[0]?.reason ?? ""
  assert.notMatch(reason, /[\r\n]/u)
  return reason
}

/** The problem of a file with this content, beside which a valid one is still found. */
const refusal = Effect.fnUntraced(function* (content: string | Uint8Array) {
  const relay = yield* makeRelay
  yield* relay.write("bad.json", content)
  yield* relay.register("good.json", { name: "good", port: 4096 })
  const { announcements, problems } = yield* scan(relay.directory)
  assert.deepStrictEqual(names({ announcements, problems }), ["good"])
  return problemOf({ announcements: [], problems }, relay.file("bad.json"))
})

const mkfifo = (path: string) =>
  Effect.flatMap(ChildProcessSpawner.ChildProcessSpawner, (spawner) =>
    spawner.exitCode(ChildProcess.make("mkfifo", [path])),
  )

/** The file system with some methods replaced. */
const altered = (change: (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, ...change(fs) })),
  )

/** Everything belongs to root, except one path that belongs to another user. */
const owned = (by: number, path: string) =>
  altered((fs) => ({
    stat: (asked) => Effect.map(fs.stat(asked), (info) => ({ ...info, uid: Option.some(asked === path ? by : 0) })),
  }))

/** Content, mode and time of every file in a directory. */
const picture = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* Effect.forEach((yield* fs.readDirectory(directory)).toSorted(), (name) =>
    Effect.gen(function* () {
      const file = path.join(directory, name)
      const { mode, mtime, size, type } = yield* fs.stat(file)
      return { name, mode, mtime, size, type, bytes: type === "File" ? yield* fs.readFile(file) : undefined }
    }),
  )
})

const Bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))

/** Nearly valid, so that each field receives unexpected values. */
const Anything = Schema.Union([HostileText, Schema.Int, Schema.Null, Schema.Boolean, Schema.String, Schema.Finite])
const NearlyRegistration = Schema.Struct({
  name: Schema.Union([HostileText, HostileText, Anything]),
  port: Schema.Union([Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 })), Anything]),
  more: Schema.Record(Schema.Literals(["hostname", "localPort", "cwd", "pid", "connectedAt", "__proto__"]), Anything),
  repeat: Schema.Literals([1, 1, 1, 1, 300]),
})

/** Texts are code points, some of them repeated until they are long. */
const written = (value: typeof Anything.Type, repeat: number) =>
  Array.isArray(value) ? hostileText(value).repeat(repeat) : value

layer(NodeServices.layer)("RelayDirectory", (it) => {
  it.effect("announces a registration at its port on this machine", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("a.json", {
        name: "api",
        hostname: "laptop",
        port: 14_096,
        localPort: 4096,
        cwd: "/work/api",
        api: 2,
        pid: 17,
        connectedAt: "2026-01-01T00:00:00Z",
      })
      yield* relay.register("b.json", { name: "small", port: 4097 })
      const connect = {
        pid: 18,
        log: "/log",
        tunnel: { relay: "ssh relay", state: "waiting" as const, since: "2026-01-01" },
      }
      yield* relay.register("c.json", { name: "kept", port: 4098, connect })
      yield* relay.register("d.json", { name: "other", port: 4099, connect: "what another program keeps there" })
      const small = {
        host: "",
        api: undefined,
        directory: undefined,
        transport: "local-relay",
        remotePort: undefined,
        pid: undefined,
        birth: undefined,
        tunnelled: false,
      }
      const { announcements, problems } = yield* scan(relay.directory)
      for (const { writtenAt } of announcements) assert.approximately(writtenAt ?? 0, Date.now(), 60_000)
      assert.deepStrictEqual(
        { announcements: announcements.map(Struct.omit(["writtenAt"])), problems },
        {
          announcements: [
            {
              name: "api",
              api: 2,
              host: "laptop",
              url: "http://127.0.0.1:14096",
              remotePort: 4096,
              directory: "/work/api",
              transport: "local-relay",
              source: relay.file("a.json"),
              pid: 17,
              birth: undefined,
              tunnelled: true,
              connect: undefined,
            },
            {
              ...small,
              name: "small",
              url: "http://127.0.0.1:4097",
              source: relay.file("b.json"),
              connect: undefined,
            },
            { ...small, name: "kept", url: "http://127.0.0.1:4098", source: relay.file("c.json"), connect },
            {
              ...small,
              name: "other",
              url: "http://127.0.0.1:4099",
              source: relay.file("d.json"),
              connect: undefined,
            },
          ],
          problems: [],
        },
      )
    }),
  )

  it.effect("says that a misspelt field is ignored, and uses the registration", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("a.json", { name: "api", port: 1, directory: "/srv/api", Host_Name: "box" })
      yield* relay.register("b.json", { name: "own", port: 2, cwd: "/srv/b", directory: "of another program", note: 1 })
      yield* relay.register("c.json", { name: "typo", port: 3, hostnme: "box", projectName: "x", api_key: "x" })
      const found = yield* scan(relay.directory)
      assert.deepStrictEqual(names(found), ["api", "own", "typo"])
      assert.deepStrictEqual(
        found.problems.map(({ reason, source }) => ({ reason, isFirst: source.endsWith("/a.json") })),
        [
          {
            reason:
              'has fields that are ignored: "directory" (did you mean "cwd"?), "Host_Name" (did you mean "hostname"?)',
            isFirst: true,
          },
          { reason: 'has fields that are ignored: "hostnme" (did you mean "hostname"?)', isFirst: false },
        ],
      )
    }),
  )

  it.effect("accepts unknown fields, a byte order mark, and a time as a number", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("a.json", { name: "api", port: 1, version: 2, tags: ["x"], tunnel: { url: "ssh://x" } })
      yield* relay.write("b.json", `\uFEFF${JSON.stringify({ name: "bom", port: 2 })}\n`)
      yield* relay.register("c.json", { name: "time", port: 3, connectedAt: 1_767_225_600_000 })
      const found = yield* scan(relay.directory)
      assert.deepStrictEqual(found.problems, [])
      assert.deepStrictEqual(names(found), ["api", "bom", "time"])
    }),
  )

  it.effect(
    "reads the files in the order of their names, so of two announcements of a URL the same one wins every time",
    () =>
      Effect.gen(function* () {
        const relay = yield* makeRelay
        for (const name of ["c", "a", "b"]) yield* relay.register(`${name}.json`, { name, port: 4096 })
        assert.deepStrictEqual(names(yield* scan(relay.directory)), ["a", "b", "c"])
      }),
  )

  it.effect("ignores files without .json and drafts", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      for (const name of ["README.md", "api.json.tmp", ".api.json", ".json", "apijson"]) {
        yield* relay.register(name, { name, port: 4096 })
      }
      assert.deepStrictEqual(yield* scan(relay.directory), { announcements: [], problems: [] })
    }),
  )

  it.effect.each([
    ["an empty file", "", /not a valid registration/u],
    ["white space", " \n", /not a valid registration/u],
    ["half a file", '{"name": "api", "po', /not a valid registration/u],
    ["another format", "name: api\nport: 4096", /not a valid registration/u],
    ["no object", '["api", 4096]', /not a valid registration/u],
    ["null", "null", /not a valid registration/u],
    ["no name", '{"port": 4096}', /name/u],
    ["no port", '{"name": "api"}', /port/u],
    ["a name that is a number", '{"name": 7, "port": 4096}', /name/u],
    ["an empty name", '{"name": "", "port": 4096}', /a name of 1 to 200 printable characters/u],
    ["a name of nothing printable", '{"name": " \\u202e\\u001b\\n ", "port": 1}', /1 to 200 printable/u],
    ["a name that nobody sees", '{"name": "\\u200b\\u2060", "port": 1}', /1 to 200 printable/u],
    ["a name that is too long", JSON.stringify({ name: "x".repeat(201), port: 1 }), /1 to 200 printable/u],
    ["a port in words", '{"name": "api", "port": "4096"}', /port/u],
    ["port 0", '{"name": "api", "port": 0}', /a port number from 1 to 65535/u],
    ["a negative port", '{"name": "api", "port": -4096}', /a port number from 1 to 65535/u],
    ["a port above all ports", '{"name": "api", "port": 65536}', /a port number from 1 to 65535/u],
    ["half a port", '{"name": "api", "port": 4096.5}', /port/u],
    ["a directory that is none", '{"name": "api", "port": 4096, "cwd": ["/"]}', /cwd/u],
    ["a host that is none", '{"name": "api", "port": 4096, "hostname": {}}', /hostname/u],
    [
      "UTF-16",
      Uint8Array.from(Buffer.from('\uFEFF{"name": "api", "port": 4096}', "utf16le")),
      /not a valid registration/u,
    ],
    ["NUL bytes", new Uint8Array(4096), /not a valid registration/u],
  ] as const)("a file with %s is a problem that says why", ([, content, expected]) =>
    Effect.gen(function* () {
      assert.match(yield* refusal(content), expected)
    }),
  )

  it.effect("a file that nests thirty thousand deep is a problem, not the end of the program", () =>
    Effect.gen(function* () {
      const deep = "[".repeat(30_000) + "]".repeat(30_000)
      for (const content of [deep, `{"name": ${deep}, "port": 4096}`, `{"name": "api", "port": 1, "cwd": ${deep}}`]) {
        assert.match(yield* refusal(content), /not a valid registration/u)
      }
    }),
  )

  it.effect("a problem does not repeat terminal sequences of the file", () =>
    Effect.gen(function* () {
      const reason = yield* refusal(JSON.stringify({ name: "api", port: "\u001B[2J\u009B\u202E\n\u2028" }))
      assert.notMatch(reason, /\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/u)
    }),
  )

  it.effect("names, hosts and directories are printable lines, whatever the file holds", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      const dirty = "\u001B[31ma\u202Epi\r\n\tx\u0007 "
      yield* relay.register("a.json", { name: dirty, port: 1, hostname: dirty, cwd: dirty })
      const { announcements } = yield* scan(relay.directory)
      assert.deepInclude(announcements[0], { name: "[31mapi x", host: "[31mapi x", directory: "[31mapi x" })
    }),
  )

  it.effect("accepts names up to 200 characters and files up to 64 KiB", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      const long = JSON.stringify({ name: "x".repeat(200), port: 1 })
      yield* relay.write("a.json", long.padEnd(65_536))
      yield* relay.write("b.json", long.padEnd(65_537))
      const { announcements, problems } = yield* scan(relay.directory)
      assert.deepStrictEqual(names({ announcements, problems }), ["x".repeat(200)])
      assert.match(problemOf({ announcements: [], problems }, relay.file("b.json")), /larger than 64 KiB/u)
    }),
  )

  it.effect("follows a link to a file in the directory, and refuses other links", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* fs.writeFileString(`${relay.parent}/outside.json`, JSON.stringify({ name: "outside", port: 1 }))
      yield* fs.makeDirectory(relay.file("sub"))
      yield* relay.register("sub/deeper.json", { name: "deeper", port: 1 })
      yield* relay.register("v1.registration", { name: "inside", port: 2 })
      yield* fs.symlink("v1.registration", relay.file("current.json"))
      yield* fs.symlink(relay.file("current.json"), relay.file("link-to-link.json"))
      yield* fs.symlink("../outside.json", relay.file("out-relative.json"))
      yield* fs.symlink("/etc/hosts", relay.file("out-absolute.json"))
      yield* fs.symlink("sub/deeper.json", relay.file("out-deeper.json"))
      const found = yield* scan(relay.directory)
      assert.deepStrictEqual(names(found), ["inside", "inside"])
      assert.deepStrictEqual(
        found.problems.map(({ source }) => source),
        ["out-absolute.json", "out-deeper.json", "out-relative.json"].map(relay.file),
      )
      for (const { reason } of found.problems) assert.match(reason, /link to a file outside the directory/u)
    }),
  )

  it.effect("refuses a chain of links that begins inside the directory and leads out of it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* fs.writeFileString(`${relay.parent}/outside.json`, JSON.stringify({ name: "outside", port: 1 }))
      yield* fs.symlink("../outside.json", relay.file("hop"))
      yield* fs.symlink("hop", relay.file("a.json"))
      assert.match(problemOf(yield* scan(relay.directory), relay.file("a.json")), /outside the directory/u)
    }),
  )

  it.effect("a link to nothing or to itself is a problem", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* fs.symlink("gone.json", relay.file("dangling.json"))
      yield* fs.symlink("round.json", relay.file("round.json"))
      yield* relay.register("good.json", { name: "good", port: 1 })
      const found = yield* scan(relay.directory)
      assert.deepStrictEqual(names(found), ["good"])
      assert.deepStrictEqual(
        found.problems.map(({ source }) => source),
        ["dangling.json", "round.json"].map(relay.file),
      )
      for (const { reason } of found.problems) assert.match(reason, /cannot be read/u)
    }),
  )

  it.effect("follows a relay directory that is a link", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* relay.register("v1", { name: "api", port: 1 })
      yield* fs.symlink("v1", relay.file("api.json"))
      yield* fs.symlink(relay.directory, `${relay.parent}/link`)
      for (const strict of [false, true]) {
        assert.deepStrictEqual(names(yield* scan(`${relay.parent}/link`, { strict })), ["api"])
      }
    }),
  )

  it.effect("neither waits for a pipe nor reads a device, also behind a link", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      assert.strictEqual(yield* mkfifo(relay.file("pipe.json")), ChildProcessSpawner.ExitCode(0))
      yield* fs.symlink("pipe.json", relay.file("to-pipe.json"))
      yield* fs.symlink("/dev/zero", relay.file("zero.json"))
      yield* relay.register("good.json", { name: "good", port: 1 })
      const found = yield* scan(relay.directory)
      assert.deepStrictEqual(names(found), ["good"])
      assert.deepStrictEqual(
        found.problems.map(({ reason, source }) => [source, reason]),
        [
          [relay.file("pipe.json"), "is not a regular file but a fifo"],
          [relay.file("to-pipe.json"), "is not a regular file but a fifo"],
          [relay.file("zero.json"), "is a link to a file outside the directory; put the file itself there"],
        ],
      )
    }),
  )

  it.effect("ignores a directory with the name of a registration", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* fs.makeDirectory(relay.file("dir.json"))
      yield* relay.register("dir.json/inner.json", { name: "inner", port: 2 })
      yield* relay.register("good.json", { name: "good", port: 1 })
      const found = yield* scan(relay.directory)
      assert.deepStrictEqual(names(found), ["good"])
      assert.deepStrictEqual(found.problems, [])
    }),
  )

  it.effect("a file that cannot be read, or vanishes meanwhile, affects no other", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* relay.register("a.json", { name: "unreadable", port: 1 })
      yield* relay.register("b.json", { name: "gone", port: 2 })
      yield* relay.register("c.json", { name: "good", port: 3 })
      const missing = yield* Effect.flip(fs.stat(relay.file("missing.json")))
      const failing = altered((fs) => ({
        readFileString: (path, encoding) =>
          path === relay.file("a.json") ? Effect.fail(missing) : fs.readFileString(path, encoding),
        stat: (path) => (path === relay.file("b.json") ? Effect.fail(missing) : fs.stat(path)),
      }))
      const found = yield* scan(relay.directory).pipe(Effect.provide(failing))
      assert.deepStrictEqual(names(found), ["good"])
      assert.deepStrictEqual(
        found.problems.map(({ source }) => source),
        [relay.file("a.json"), relay.file("b.json")],
      )
      for (const { reason } of found.problems) assert.match(reason, /^cannot be read/u)
    }),
  )

  it.effect("finds a thousand registrations among a thousand invalid files", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, index) => index),
        (index) =>
          Effect.andThen(
            relay.register(`${index}.json`, { name: `i${index}`, port: index + 1 }),
            relay.write(`${index}-bad.json`, "{"),
          ),
        { concurrency: 50, discard: true },
      )
      const { announcements, problems } = yield* scan(relay.directory)
      assert.strictEqual(announcements.length, 1000)
      assert.strictEqual(problems.length, 1000)
    }),
  )

  it.effect("a missing directory is a problem with a remedy, and is not created", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      const missing = relay.file("not/yet")
      for (const strict of [false, true]) {
        const found = yield* scan(missing, { strict })
        assert.match(problemOf(found, missing), /does not exist yet/u)
        assert.deepStrictEqual(found.problems[0]?.remedy, { _tag: "CreateRelayDirectory" })
      }
      assert.isFalse(yield* fs.exists(relay.file("not")))
    }),
  )

  it.effect("a missing directory that nobody has named is no problem", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      const missing = relay.file("not/yet")
      const found = yield* scan(missing, { mayBeMissing: true })
      assert.deepStrictEqual(found, { announcements: [], problems: [] })
    }),
  )

  it.effect("a file instead of the directory is a problem", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("file", { name: "api", port: 1 })
      const found = yield* scan(relay.file("file"))
      assert.match(problemOf(found, relay.file("file")), /is not a directory/u)
      assert.deepStrictEqual(found.problems[0]?.remedy, { _tag: "ChooseRelayDirectory" })
    }),
  )

  it.effect("a directory that never answers is a problem after ten seconds", () =>
    Effect.gen(function* () {
      const stuck = altered(() => ({ readDirectoryEntries: () => Effect.never }))
      const scanning = yield* scan("/net/relay").pipe(Effect.provide(stuck), Effect.forkChild)
      yield* TestClock.adjust("10 seconds")
      assert.match(problemOf(yield* Fiber.join(scanning), "/net/relay"), /could not be read within 10 seconds/u)
    }),
  )

  it.effect("never changes or deletes anything", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* relay.register("good.json", { name: "good", port: 1, pid: 999_999_999 }, 0o600)
      yield* relay.register("twice.json", { name: "good", port: 1 })
      yield* relay.write("bad.json", "{")
      yield* relay.write("empty.json", "")
      yield* relay.write("huge.json", " ".repeat(70_000))
      yield* relay.write("open.json", "{}", 0o666)
      yield* relay.write(".half.json", "{")
      yield* fs.symlink("bad.json", relay.file("link.json"))
      const before = yield* picture(relay.directory)
      assert.strictEqual(before.length, 8)
      for (const strict of [false, true, false]) yield* scan(relay.directory, { strict })
      assert.deepStrictEqual(yield* picture(relay.directory), before)
    }),
  )

  it.effect.prop(
    "any bytes as a file are a problem or nothing, and never break the scan",
    [Bytes],
    ([bytes]) =>
      Effect.gen(function* () {
        const relay = yield* makeRelay
        yield* relay.write("any.json", Uint8Array.from(bytes))
        const { announcements, problems } = yield* scan(relay.directory)
        assert.strictEqual(announcements.length + problems.length, 1)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } },
  )

  it.effect.prop(
    "anything like a registration is a problem or an announcement whose name is 1 to 200 printable characters",
    [NearlyRegistration],
    ([{ more, name, port, repeat }]) =>
      Effect.gen(function* () {
        const relay = yield* makeRelay
        const fields = Object.entries(more).map(([key, value]) => [key, written(value, repeat)])
        yield* relay.register("any.json", { ...Object.fromEntries(fields), name: written(name, repeat), port })
        const { announcements, problems } = yield* scan(relay.directory)
        assert.strictEqual(announcements.length + problems.length, 1)
        for (const { directory = "", host, name, url } of announcements) {
          assert.isAtLeast(name.length, 1)
          assert.isAtMost(name.length, 200)
          for (const line of [name, host, directory]) assert.notMatch(line, /\p{Cc}|\p{Bidi_Control}/u)
          assert.match(url, /^http:\/\/127\.0\.0\.1:\d{1,5}$/u)
        }
        for (const { reason } of problems) {
          assert.notMatch(reason, /\p{Cc}|\p{Bidi_Control}/u)
          assert.isNotEmpty(reason)
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 150 } },
  )
})

layer(NodeServices.layer)("With a password set, RelayDirectory", (it) => {
  /** A relay with one registration, which these modes make accepted or refused. */
  const found = Effect.fnUntraced(function* (
    modes: { readonly file?: number; readonly directory?: number; readonly parent?: number },
    options: Options,
  ) {
    const fs = yield* FileSystem.FileSystem
    const relay = yield* makeRelay
    yield* relay.register("api.json", { name: "api", port: 4096 }, modes.file ?? 0o644)
    yield* fs.chmod(relay.directory, modes.directory ?? 0o755)
    yield* fs.chmod(relay.parent, modes.parent ?? 0o700)
    return { relay, found: yield* scan(relay.directory, options) }
  })

  it.effect.each([{}, { file: 0o600, directory: 0o700 }, { file: 0o444 }, { parent: 0o1777 }] as const)(
    "uses what only its owner can change: %j",
    (modes) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(names((yield* found(modes, { strict: true })).found), ["api"])
      }),
  )

  const weak = [
    [{ file: 0o666 }, "api.json"],
    [{ file: 0o664 }, "api.json"],
    [{ file: 0o602 }, "api.json"],
    [{ directory: 0o777 }, "relay"],
    [{ directory: 0o775 }, "relay"],
    // Everybody may put a file into such a directory, even if nobody may replace another's.
    [{ directory: 0o1777 }, "relay"],
    [{ parent: 0o777 }, "parent"],
    [{ parent: 0o770 }, "parent"],
  ] as const

  it.effect.each(weak)("refuses what other users can change, and says how to fix it: %j", ([modes, what]) =>
    Effect.gen(function* () {
      const { found: refused, relay } = yield* found(modes, { strict: true })
      const reason = problemOf(refused, what === "api.json" ? relay.file(what) : relay.directory)
      assert.match(reason, /can be written by other users \(fix it with chmod go-w\).*password/u)
      if (what === "parent") assert.include(reason, `${relay.parent} can be written`)
      if (what === "relay") assert.include(reason, `${relay.directory} can be written`)
      assert.notInclude(reason, "hunter2")
    }),
  )

  it.effect.each(weak)("(without a password, the same is used: %j)", ([modes]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(names((yield* found(modes, { strict: false })).found), ["api"])
    }),
  )

  it.effect("refuses one weak file and still uses the others", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("a.json", { name: "weak", port: 1 }, 0o666)
      yield* relay.register("b.json", { name: "good", port: 2 })
      const { announcements, problems } = yield* scan(relay.directory, { strict: true })
      assert.deepStrictEqual(names({ announcements, problems }), ["good"])
      assert.deepStrictEqual(
        problems.map(({ source }) => source),
        [relay.file("a.json")],
      )
    }),
  )

  it.effect("checks the target of a link, not the link", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* relay.register("target", { name: "api", port: 1 }, 0o666)
      yield* fs.symlink("target", relay.file("api.json"))
      assert.match(
        problemOf(yield* scan(relay.directory, { strict: true }), relay.file("api.json")),
        /can be written by other users/u,
      )
    }),
  )

  it.effect("refuses a file, a directory or a parent of another user, and trusts this user's and root's", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("api.json", { name: "api", port: 1 })
      const me = 4242
      const paths = [relay.file("api.json"), relay.directory, relay.parent]
      for (const path of paths) {
        const of = (owner: number, options: Options) =>
          scan(relay.directory, options).pipe(Effect.provide(owned(owner, path)))
        for (const owner of [me, 0]) {
          assert.deepStrictEqual(names(yield* of(owner, { strict: true, user: me })), ["api"])
        }
        const refused = yield* of(4711, { strict: true, user: me })
        assert.match(
          problemOf(refused, path === relay.parent ? relay.directory : path),
          /belongs to another user.*password/u,
        )
        assert.deepStrictEqual(names(yield* of(4711, { strict: false, user: me })), ["api"])
      }
    }),
  )
})

layer(NodeServices.layer, { excludeTestServices: true })("The changes of RelayDirectory", (it) => {
  /** Takes one change at a time. Each must come by itself, long before any interval. */
  const watch = Effect.fnUntraced(function* (directory: string) {
    const { changes, scan } = yield* discovery(directory)
    const queue = yield* Queue.unbounded<void>()
    yield* Effect.forkScoped(Stream.runForEach(changes, () => Queue.offer(queue, undefined)))
    /** Waits until a change shows what is expected, because one write may cause several. */
    const until = Effect.fnUntraced(function* (expected: ReadonlyArray<string>) {
      while (true) {
        yield* Queue.take(queue)
        const found = names(yield* scan)
        if (found.join() === expected.join()) return
      }
    })
    return { queue, until }
  })

  it.effect("emit when files are added, changed or removed", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      const { until } = yield* watch(relay.directory)
      yield* until([])
      yield* relay.register("a.json", { name: "one", port: 1 })
      yield* until(["one"])
      yield* relay.register("a.json", { name: "two", port: 1 })
      yield* until(["two"])
      yield* relay.register(".b", { name: "moved", port: 2 })
      yield* fs.rename(relay.file(".b"), relay.file("b.json"))
      yield* until(["two", "moved"])
      yield* fs.remove(relay.file("a.json"))
      yield* until(["moved"])
    }),
  )

  it.effect("emit when the directory is created, removed, and created again", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      yield* fs.remove(relay.directory, { recursive: true })
      const { until } = yield* watch(relay.directory)
      for (const name of ["first", "second"]) {
        yield* fs.makeDirectory(relay.directory)
        yield* relay.register("a.json", { name, port: 1 })
        yield* until([name])
        yield* fs.remove(relay.directory, { recursive: true })
        yield* until([])
      }
    }),
  )

  it.effect("emit once for a burst of files", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      const { queue, until } = yield* watch(relay.directory)
      yield* until([])
      const all = Array.from({ length: 100 }, (_, index) => `${100 + index}`)
      yield* Effect.forEach(all, (name, index) => relay.register(`${name}.json`, { name, port: index + 1 }))
      yield* until(all)
      assert.isAtMost(yield* Queue.size(queue), 2)
    }),
  )
})
