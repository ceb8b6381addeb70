/** Help of every command, in terminals of every width. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CliOutput } from "effect/cli"
import { quickHelp } from "../../../src/cli/usage/quickHelp.ts"
import { typed } from "./typed.ts"

const commandsOf = (help: string) =>
  [...help.matchAll(/^(?:WORK WITH AGENTS|THE FLEET|SET UP)\n(?<rows>(?: .*\n)+)/gmu)].flatMap(({ groups }) =>
    [...(groups?.["rows"] ?? "").matchAll(/^ {2}(?<name>[a-z-]+)/gmu)].map(({ groups }) => groups?.["name"] ?? ""),
  )

describe("help", () => {
  it.effect("wraps at words, and aligns what continues, at 40, 80 and 120 columns", () =>
    Effect.gen(function* () {
      const commands = commandsOf((yield* typed(["--help"])).stdout)
      assert.isAbove(commands.length, 10)
      for (const command of ["", ...commands]) {
        for (const columns of [40, 80, 120]) {
          const args = command === "" ? ["--help"] : [command, "--help"]
          const { stdout, succeeded } = yield* typed(args, columns)
          assert.isTrue(succeeded)
          assert.notMatch(stdout, /[^\s(]…/u)
          const tooLong = stdout.split("\n").filter((line) => {
            // A quoted text in an example is kept whole, so that it can be copied.
            return CliOutput.displayWidth(line) > columns && !/["']/u.test(line)
          })
          assert.deepStrictEqual(tooLong, [], `${command} at ${columns}`)
        }
      }
    }),
  )

  it.effect("of a pipe fits into 80 columns", () =>
    Effect.gen(function* () {
      const { stdout } = yield* typed(["send", "--help"])
      assert.isAtMost(Math.max(...stdout.split("\n").map(({ length }) => length)), 80)
      assert.include(
        stdout,
        [
          "  --if-busy wait|steer|fail  If the session is busy: wait until its turn ends,",
          "                             steer (add the message to that turn), or fail",
          "                             (default wait)",
        ].join("\n"),
      )
    }),
  )

  it.effect("of the program says where to start, and names the variables; nobody sees flags for experts", () =>
    Effect.gen(function* () {
      const { stdout } = yield* typed(["--help"])
      for (const said of [
        "Start with `opencode-fleet instances`",
        "EXAMPLES",
        "OPENCODE_SERVER_PASSWORD",
        "RELAY_REGISTRY_DIR",
      ])
        assert.include(stdout, said)
      assert.notInclude(stdout, "--wizard")
      assert.notInclude((yield* typed(["send", "--help"])).stdout, "--log-level")
    }),
  )

  it.effect("is shown by a command, too", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* typed(["help"])).stdout, (yield* typed(["--help"])).stdout)
      assert.strictEqual((yield* typed(["help", "send"])).stdout, (yield* typed(["send", "--help"])).stdout)
      assert.strictEqual((yield* typed(["version"])).stdout, (yield* typed(["--version"])).stdout)
    }),
  )

  it.effect("is the same whether or not the command-line parser shows it", () =>
    Effect.gen(function* () {
      const commands = commandsOf((yield* typed(["--help"])).stdout)
      const asked = [
        ["--help"],
        ["-h"],
        ["help"],
        ...commands.flatMap((name) => [
          [name, "-h"],
          ["help", name],
        ]),
      ]
      for (const args of asked) {
        assert.strictEqual(quickHelp(args, Infinity, false), (yield* typed(args)).stdout, args.join(" "))
        assert.strictEqual(quickHelp(args, 50, false), (yield* typed(args, 50)).stdout, args.join(" "))
      }
      for (const args of [["--version"], ["-v"], ["version"]])
        assert.strictEqual(quickHelp(args, Infinity, false), (yield* typed(args)).stdout)
      for (const args of [["sned", "--help"], ["help", "sned"], ["send", "a", "--help"], ["send", "help"], ["--helpp"]])
        assert.isUndefined(quickHelp(args, Infinity, false), args.join(" "))
    }),
  )
})
