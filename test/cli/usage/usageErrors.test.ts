/** What a wrong command line is answered with. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Completions } from "effect/cli"
import { root } from "../../../src/cli/cli.ts"
import { typed } from "./typed.ts"

const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, problem: string, usage: string]> = [
  [["sesions"], 'There is no command "sesions". Did you mean sessions?', "opencode-fleet [COMMAND]"],
  [["help", "sesions"], 'There is no command "sesions". Did you mean sessions?', "opencode-fleet [COMMAND]"],
  [["sesions", "--limit", "3"], 'There is no command "sesions". Did you mean sessions?', "opencode-fleet [COMMAND]"],
  [["--wizrd"], "There is no flag --wizrd.", "opencode-fleet [COMMAND]"],
  [
    ["sessions", "x", "--limt", "3"],
    "There is no flag --limt. Did you mean --limit?",
    "opencode-fleet sessions [flags] [INSTANCE]",
  ],
  [["sessions", "x", "--limit", "x"], '--limit takes a whole number from 1 to 200, not "x".', ""],
  [["read", "x", "y", "--limit", "0"], '--limit takes a whole number from 1 to 100, not "0".', ""],
  [["new", "x", "--allow", ""], '--allow needs a value: a permission and a pattern, such as "bash npm *".', ""],
  [["new", "x", "--allow", " "], "--allow cannot be empty.", ""],
  [["sessions", "x", "--limit", "0"], '--limit takes a whole number from 1 to 200, not "0".', ""],
  [["sessions", "x", "--limit", "201"], '--limit takes a whole number from 1 to 200, not "201".', ""],
  [["sessions", "x", "--limit", "1.5"], '--limit takes a whole number from 1 to 200, not "1.5".', ""],
  [["sessions", "x", "--limit", "1", "--limit", "2"], "--limit can be given only once.", ""],
  [["sessions", "x", "--limit"], "--limit needs a value: NUMBER.", ""],
  [["sessions", "x", "--search"], "--search needs a value: SEARCH.", ""],
  [["sessions", "x", "--json=maybe"], "--json takes no value.", ""],
  [["sessions"], "INSTANCE is missing. In a terminal it can be left out, and is chosen from a list.", ""],
  [
    ["sessions", "x", "y", "z"],
    'Unexpected arguments "y", "z". Put a text with spaces into quotes.',
    "opencode-fleet sessions [flags] [INSTANCE]",
  ],
  [["send", "x", "new", "go", "--if-busy", "no"], '--if-busy takes wait, steer or fail, not "no".', ""],
  [["send", "x", "new", "go", "--if-busy"], "--if-busy needs a value: wait, steer or fail.", ""],
  [["send", "x", "new", " "], "MESSAGE cannot be empty.", ""],
  [["start"], "HOST is missing.", "opencode-fleet start HOST [DIRECTORY]"],
  [["config"], "CLIENT is missing.", "opencode-fleet config [flags] CLIENT [URL]"],
  [
    ["config", "emacs"],
    'CLIENT takes claude-code, codex, gemini, copilot, qwen, opencode, vscode, cursor, cline, continue or json, not "emacs".',
    "",
  ],
  [
    ["prune", "--silent-for", "soon"],
    '--silent-for takes a duration such as "7 days", "30 minutes" or "0 seconds", not "soon".',
    "opencode-fleet prune [flags]",
  ],
  ...["70000", ":0", "[::1", "-5"].map(
    (address) =>
      [
        ["serve", "--http", address],
        `ADDRESS takes HOST:PORT, HOST or PORT, with a port from 0 to 65535, not "${address}".`,
        "opencode-fleet serve",
      ] as const,
  ),
  ...["foo", "4180"].map(
    (address) =>
      [
        ["serve", address],
        `The address ${address === "foo" ? "foo:4180" : "127.0.0.1:4180"} needs --http, as in opencode-fleet serve --http.`,
        "opencode-fleet serve",
      ] as const,
  ),
  [["serve", "--host", "box", "--no-auth"], "--host, --no-auth need --http, as in opencode-fleet serve --http.", ""],
  [
    ["config", "json", "--http", "--login", "--token-file", "f"],
    "A client logs in (--login) or has a token (--token-file): choose one.",
    "",
  ],
  [["--http"], "--http is a flag of serve and config: opencode-fleet serve --http.", "opencode-fleet [COMMAND]"],
  ...["a b", "a/b", "-a", "1.2.3.4.5", "box:1"].map(
    (name) =>
      [
        ["serve", "--http", `--host=${name}`],
        `--host takes a host name or an IP address, without a port, not "${name}".`,
        "",
      ] as const,
  ),
  [["serve", "--http", ""], "ADDRESS cannot be empty.", ""],
  // A port and a text that read as yes or no are no values of the flag before.
  [["serve", "--http", "0", "x"], 'Unexpected argument "x".', ""],
  [["send", "x", "new", "--async", "yes", "y"], 'Unexpected argument "y".', ""],
  [["connect", "--json"], "--json needs --status", "opencode-fleet connect [flags] [OPENCODE-ARGUMENTS...]"],
]

const wrong = (flag: string, { _tag }: Completions.FlagType): ReadonlyArray<string> => {
  switch (_tag) {
    case "Boolean":
      return [`${flag}=maybe`]
    case "Choice":
    case "Int":
    case "Finite":
      return [flag, "wrong"]
    default:
      return [flag]
  }
}

describe("usage errors", () => {
  it.effect.each(cases)("%s: %s", ([args, problem, usage]) =>
    Effect.gen(function* () {
      const { stderr, stdout, succeeded } = yield* typed(args)
      assert.isFalse(succeeded)
      assert.strictEqual(stdout, "")
      const [error, usageLine, pointer, ...others] = stderr.split("\n")
      assert.strictEqual(error, `opencode-fleet: ${problem}`)
      assert.include(usageLine, `Usage: ${usage}`)
      assert.match(pointer ?? "", /^`opencode-fleet.* --help` says more\.$/u)
      assert.deepStrictEqual(others, [])
    }),
  )

  it.effect("never speak of schemas, whichever flag has a wrong value", () =>
    Effect.gen(function* () {
      for (const { flags, name: command } of Completions.fromCommand(root).subcommands) {
        for (const { name, type } of flags) {
          const { stderr } = yield* typed([command, ...wrong(`--${name}`, type)])
          const [error] = stderr.split("\n")
          assert.match(error ?? "", new RegExp(`^opencode-fleet: --${name} (?:takes|needs) `, "u"), command)
          assert.notMatch(stderr, /expected|schema|string|integer/iu)
        }
      }
    }),
  )
})
