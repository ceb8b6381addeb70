import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, PlatformError, Sink, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { lsof, parse, parseDirectories } from "../../../src/discovery/ports/lsof.ts"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"
import { lsofDirectories, lsofOnLinux, lsofOnMacOS } from "./tables.ts"

interface Printed {
  readonly stdout?: string
  readonly stderr?: string
}

const text = (said = "") => Stream.make(new TextEncoder().encode(said))

/** What each command prints. A command without output does not exist. */
const printing = (of: (command: string, args: ReadonlyArray<string>) => Printed | undefined) =>
  Layer.merge(
    Layer.succeed(CurrentUser, Option.some(501)),
    Layer.succeed(
      ChildProcessSpawner.ChildProcessSpawner,
      ChildProcessSpawner.make((command) => {
        if (!ChildProcess.isStandardCommand(command)) return Effect.die(new Error("no single command"))
        const printed = of(command.command, command.args.map(String))
        return printed === undefined
          ? Effect.fail(
              PlatformError.systemError({
                _tag: "NotFound",
                module: "ChildProcess",
                method: "spawn",
                description: "ENOENT",
              }),
            )
          : Effect.succeed(
              ChildProcessSpawner.makeHandle({
                pid: ChildProcessSpawner.ProcessId(1),
                exitCode: Effect.succeed(ChildProcessSpawner.ExitCode(printed.stdout === undefined ? 1 : 0)),
                isRunning: Effect.succeed(false),
                kill: () => Effect.void,
                stdin: Sink.drain,
                stdout: text(printed.stdout),
                stderr: text(printed.stderr),
                all: text(printed.stdout),
                getInputFd: () => Sink.drain,
                getOutputFd: () => Stream.empty,
                unref: Effect.succeed(Effect.void),
              }),
            )
      }),
    ),
  )

const list = (of: Parameters<typeof printing>[0]) =>
  Effect.flatMap(lsof, ({ list }) => list).pipe(Effect.provide(printing(of)))

describe("What lsof lists", () => {
  it("is parsed as recorded", () => {
    const node = { pid: 7411, birth: undefined, program: "node", isOpencode: false, directory: undefined }
    assert.deepStrictEqual(parse(lsofOnLinux), [
      { key: "7411 19 3122186", address: "127.0.0.1", port: 45_001, owner: node },
      { key: "7411 20 3122187", address: "0.0.0.0", port: 45_002, owner: node },
      { key: "7411 21 3122188", address: "::", port: 45_003, owner: node },
      { key: "7411 22 3122189", address: "::1", port: 45_004, owner: node },
      { key: "7411 24 3122191", address: "127.0.0.1", port: 45_006, owner: node },
      {
        key: "9848 18 3124810",
        address: "0.0.0.0",
        port: 4177,
        owner: { pid: 9848, birth: undefined, program: "opencode", isOpencode: true, directory: undefined },
      },
    ])
  })

  it("is parsed as macOS writes it", () => {
    const directories = parseDirectories(lsofDirectories)
    assert.deepStrictEqual(
      parse(lsofOnMacOS, directories).map(({ address, owner, port }) => [
        address,
        port,
        owner?.program,
        owner?.directory,
      ]),
      [
        ["0.0.0.0", 49_153, "rapportd", undefined],
        ["fe80:4::aede:48ff:fe00:1122", 49_153, "rapportd", undefined],
        ["127.0.0.1", 4096, "opencode", "/Users/ada/work/web shop"],
        ["::1", 9222, "Google Chrome He", "/Users/ada/über"],
      ],
    )
  })

  it("is ignored if it is invalid", () => {
    for (const output of ["", "\n\n", "p1\n", "p1\nf1\n", "n*:4096", "p1\nf1\nn*:http\n", "p1\nf1\nn/dev/null\n"]) {
      assert.deepStrictEqual(parse(output), [])
    }
  })
})

describe("Running lsof", () => {
  it.effect("lists this user's sockets only, and the directories of opencodes only", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const found = yield* list((command, args) => {
        asked.push([command, ...args].join(" "))
        return { stdout: args.includes("cwd") ? lsofDirectories : lsofOnMacOS }
      })
      assert.strictEqual(found.find(({ port }) => port === 4096)?.owner?.directory, "/Users/ada/work/web shop")
      assert.deepStrictEqual(asked, [
        "lsof -w -n -P -a -u 501 -iTCP -sTCP:LISTEN -FpcftdnT",
        "lsof -w -n -P -a -p 4711 -d cwd -Fpfn",
      ])
    }),
  )

  it.effect("finds it outside the PATH", () =>
    Effect.gen(function* () {
      const found = yield* list((command) => (command === "/usr/sbin/lsof" ? { stdout: lsofOnLinux } : undefined))
      assert.lengthOf(found, 6)
    }),
  )

  it.effect("finds nothing if no process listens", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* list(() => ({})), [])
    }),
  )

  it.effect("repeats lsof's error, or says that lsof is not installed", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(
        list((command) => (command === "lsof" ? { stderr: "lsof: no permission\n\u001B[31m" } : undefined)),
      )
      assert.include(refused.message, "lsof: no permission")
      assert.notInclude(refused.message, "\u001B")
      const missing = yield* Effect.flip(list(() => undefined))
      assert.include(missing.message, "lsof is not installed")
    }),
  )
})
