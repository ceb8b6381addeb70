/** SSH_HOSTS: names, patterns, and the user's ssh configuration with its Includes. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, PlatformError } from "effect"
import { hostsOf, isHostItem } from "../../../src/discovery/ssh/hostList.ts"
import { configuredHosts } from "../../../src/discovery/ssh/sshConfig.ts"

const configured = ["box", "gpu-1", "gpu-2", "gpu-10", "build.example.com"]

describe("SSH_HOSTS", () => {
  it.each([
    [["box"], ["box"]],
    [
      ["elsewhere", "me@build"],
      ["elsewhere", "me@build"],
    ],
    [["gpu-*"], ["gpu-1", "gpu-2", "gpu-10"]],
    [["gpu-?"], ["gpu-1", "gpu-2"]],
    [["me@gpu-?"], ["me@gpu-1", "me@gpu-2"]],
    [
      ["gpu-*", "!gpu-2"],
      ["gpu-1", "gpu-10"],
    ],
    [
      ["*", "!gpu-*"],
      ["box", "build.example.com"],
    ],
    [
      ["box", "b*"],
      ["box", "build.example.com"],
    ],
    [["nothing-*"], []],
    [["a*a*a*a*a*a*a*b"], []],
  ])("%j names %j", (items, expected) => {
    assert.deepStrictEqual(hostsOf(items, configured), expected)
  })

  it.each(["box", "me@box", "gpu-*", "!gpu-3", "10.0.0.7", "fe80::1", "ssh://me@box:22"])("may contain %s", (item) => {
    assert.isTrue(isHostItem(item))
  })

  it.each(["", "-oProxyCommand=evil", "me@-oProxyCommand=evil", "-l@box", "box box", "!", "@box", "me@"])(
    "refuses %j",
    (item) => {
      assert.isFalse(isHostItem(item))
    },
  )
})

/** The hosts of a configuration, which consists of these files of `~/.ssh`. */
const files = (all: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const home = yield* fs.makeTempDirectoryScoped()
    yield* fs.makeDirectory(path.join(home, ".ssh", "config.d"), { recursive: true })
    for (const [name, content] of Object.entries(all)) yield* fs.writeFileString(path.join(home, ".ssh", name), content)
    return yield* Effect.map(configuredHosts(path.join(home, ".ssh", "config"), home), ({ hosts, problems }) => {
      assert.deepStrictEqual(problems, [])
      return hosts
    })
  })

layer(NodeServices.layer)("The ssh configuration", (it) => {
  it.effect("names the hosts of its entries and of the files that it includes, in their order", () =>
    Effect.gen(function* () {
      const hosts = yield* files({
        config: [
          "Include config.d/*",
          "# Host commented",
          "host box  other # a comment",
          '\tHost="with quotes"',
          "HOST = equals",
          "Host * !not *.example.com gpu-?",
          "Match host matched",
          "Include ~/.ssh/more missing-file",
          "Host box",
        ].join("\r\n"),
        "config.d/b": "Host from-b",
        "config.d/a": "Host from-a\nInclude more",
        more: "Host more",
      })
      assert.deepStrictEqual(hosts, ["from-a", "more", "from-b", "box", "other", "with quotes", "equals"])
    }),
  )

  it.effect("keeps what can be read, and names the file that cannot", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const home = yield* fs.makeTempDirectoryScoped()
      const at = (...parts: ReadonlyArray<string>) => path.join(home, ".ssh", ...parts)
      yield* fs.makeDirectory(at("config.d"), { recursive: true })
      yield* fs.writeFileString(at("config"), "Host box\nInclude more\nInclude config.d/*\nHost last")
      yield* fs.writeFileString(at("more"), "Host more")
      yield* fs.writeFileString(at("config.d", "a"), "Host from-a")
      const tooMany = PlatformError.systemError({
        _tag: "Unknown",
        module: "FileSystem",
        method: "open",
        cause: Object.assign(new Error("EMFILE"), { code: "EMFILE" }),
      })
      const short = (file: string) =>
        Layer.succeed(FileSystem.FileSystem, {
          ...fs,
          readFileString: (each: string) => (each === file ? Effect.fail(tooMany) : fs.readFileString(each)),
        })
      const reason = "cannot be read: this process has too many open files; raise its limit (ulimit -n) (EMFILE)"
      const read = (file: string) => configuredHosts(at("config"), home).pipe(Effect.provide(short(file)))
      assert.deepStrictEqual(yield* read(at("more")), {
        hosts: ["box", "from-a", "last"],
        problems: [{ source: at("more"), reason }],
      })
      assert.deepStrictEqual(yield* read(at("config")), { hosts: [], problems: [{ source: at("config"), reason }] })
    }),
  )

  it.effect("may include itself, or not exist", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* files({ config: "Host box\nInclude config" }), ["box"])
      assert.deepStrictEqual(yield* files({}), [])
    }),
  )
})
