/** The relay's script in every shell of this machine that may be some system's `sh`. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { makeHome, shells, startShell } from "./relayShell.ts"

const home = Effect.map(makeHome, (home) => ({ home, directory: `${home}/.local/share/opencode-relay` }))

const filesIn = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.map(fs.readDirectory(directory), (names) => names.toSorted((one, other) => (one < other ? -1 : 1))),
  )

const modeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777))

/** Text that a shell, `printf` or `read` could interpret. */
const hostile = [
  String.raw`{"name":"it's \"quoted\" \\ \n %s %d %n \\c","cwd":"/a b/$(touch pwned)/${"`touch pwned`"}/$HOME/*"}`,
  "  leading and trailing blanks and tabs\t ",
  "'; touch pwned; '",
  '"; touch pwned; "',
  "-n -e \\x41 \\",
  "日本語 \u{1F680} \u00A0 \u2028",
  `{"name":"${"long ".repeat(12_000)}"}`,
  "",
]

describe.each(shells)("The relay's script in %s", (_title, shell) => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("greets, registers, and removes the registration again", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        const relay = yield* startShell(at, { shell, before: "umask 000\n" })
        assert.strictEqual(relay.greeting, "hello")
        assert.strictEqual(yield* relay.put('{"name":"api"}'), `put ${directory}/api.json`)
        assert.strictEqual(yield* fs.readFileString(`${directory}/api.json`), '{"name":"api"}\n')
        assert.strictEqual(yield* modeOf(`${directory}/api.json`), 0o600)
        assert.strictEqual(yield* modeOf(directory), 0o700)
        assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
        yield* fs.writeFileString(`${directory}/other.json`, "another's")
        assert.strictEqual(yield* relay.ask("bye"), "bye")
        assert.strictEqual(yield* relay.exitStatus, 0)
        assert.deepStrictEqual(yield* filesIn(directory), ["other.json"])
      }),
    )

    it.effect("stores a registration byte for byte", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        const relay = yield* startShell(at, { shell })
        for (const json of hostile) {
          yield* relay.put(json)
          assert.strictEqual(yield* fs.readFileString(`${directory}/api.json`), `${json}\n`)
        }
        assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
        assert.deepStrictEqual(yield* filesIn(at), [".local"])
      }),
    )

    it.effect("uses a file name and a directory literally", () =>
      Effect.gen(function* () {
        const { home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        const relay = yield* startShell(at, { shell })
        for (const file of ["$(touch pwned).json", "it's.json", "a b.json", "-rf", "*", "日本語.json"]) {
          const directory = `${at}/in "${file}"`
          assert.strictEqual(yield* relay.put("{}", { directory, file }), `put ${directory}/${file}`)
          assert.strictEqual(yield* fs.readFileString(`${directory}/${file}`), "{}\n")
          yield* fs.remove(directory, { recursive: true })
        }
        assert.deepStrictEqual(yield* filesIn(at), [])
      }),
    )

    it.effect.each([
      ["~", {}, ""],
      ["~/my relay", {}, "/my relay"],
      ["", { XDG_DATA_HOME: "HOME/data dir" }, "/data dir/opencode-relay"],
      ["", { XDG_DATA_HOME: "data" }, "/.local/share/opencode-relay"],
      ["", { XDG_DATA_HOME: "HOME/data", RELAY_REGISTRY_DIR: "HOME/$(relay) 'dir'" }, "/$(relay) 'dir'"],
      ["", { RELAY_REGISTRY_DIR: "~/relay" }, "/relay"],
      ["HOME/asked", { RELAY_REGISTRY_DIR: "~/relay" }, "/asked"],
    ] satisfies ReadonlyArray<[string, Record<string, string>, string]>)(
      "resolves the directory %j with %o",
      ([directory, variables, expected]) =>
        Effect.gen(function* () {
          const { home: at } = yield* home
          const fs = yield* FileSystem.FileSystem
          const inHome = (path: string) => path.replace("HOME", at)
          const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, inHome(value)]))
          const relay = yield* startShell(at, { shell, env })
          assert.match(yield* relay.put("{}", { directory: inHome(directory) }), /^put /u)
          assert.strictEqual(yield* fs.readFileString(`${at}${expected}/api.json`), "{}\n")
        }),
    )

    it.effect("replaces its file, also that of an earlier connection", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        yield* Effect.flatMap(startShell(at, { shell }), ({ put }) => put("one"))
        const relay = yield* startShell(at, { shell })
        yield* relay.put("two")
        yield* relay.put("three")
        assert.strictEqual(yield* fs.readFileString(`${directory}/api.json`), "three\n")
        assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
      }),
    )

    it.effect("follows no link, and does not write into a directory of that name", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        yield* fs.makeDirectory(`${directory}/a directory`, { recursive: true })
        yield* fs.writeFileString(`${at}/precious`, "precious")
        yield* fs.symlink(`${at}/precious`, `${directory}/link`)
        yield* fs.symlink(`${at}/nowhere`, `${directory}/dangling`)
        const relay = yield* startShell(at, { shell })
        for (const file of ["a directory", "link", "dangling"]) {
          assert.strictEqual(yield* relay.put("{}", { file }), `failed ${directory}/${file} is not a regular file`)
          assert.strictEqual(yield* relay.ask("ping"), "pong gone")
        }
        assert.strictEqual(yield* relay.ask("bye"), "bye")
        assert.strictEqual(yield* fs.readFileString(`${at}/precious`), "precious")
        assert.deepStrictEqual(yield* filesIn(directory), ["a directory", "dangling", "link"])
        assert.deepStrictEqual(yield* filesIn(`${directory}/a directory`), [])
        assert.deepStrictEqual(yield* filesIn(at), [".local", "precious"])
      }),
    )

    it.effect("continues after a directory that cannot be created", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(`${at}/file`, "precious")
        const relay = yield* startShell(at, { shell })
        const inFile = `${at}/file/relay`
        const refusal = yield* relay.put("{}", { directory: inFile })
        assert.include(refusal, `failed ${inFile} cannot be created: `)
        // The reason is the system's.
        assert.match(refusal, /mkdir.*not a directory$/iu)
        assert.strictEqual(yield* relay.put("{}"), `put ${directory}/api.json`)
      }),
    )

    it.effect("keeps the registration when the connection ends, because a sleeping machine returns", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const relay = yield* startShell(at, { shell })
        yield* relay.put("{}")
        yield* relay.hangUp
        assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
      }),
    )

    it.effect("answers bye without a registration", () =>
      Effect.gen(function* () {
        const { home: at } = yield* home
        const relay = yield* startShell(at, { shell })
        assert.strictEqual(yield* relay.ask("bye"), "bye")
        assert.deepStrictEqual(yield* filesIn(at), [])
      }),
    )

    it.effect("ignores what a login prints, and reads input in any pieces", () =>
      Effect.gen(function* () {
        const { directory, home: at } = yield* home
        const fs = yield* FileSystem.FileSystem
        const relay = yield* startShell(at, {
          shell,
          before: "echo 'Welcome to fleet!'; printf 'fleet-'\n",
          pieceSize: 7,
        })
        assert.strictEqual(relay.greeting, "hello")
        yield* relay.put("日本語".repeat(100))
        assert.strictEqual(yield* fs.readFileString(`${directory}/api.json`), `${"日本語".repeat(100)}\n`)
      }),
    )
  })
})
