/** What Tab offers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Completions } from "effect/cli"
import { root } from "../../../src/cli/cli.ts"
import { bashReplacement, bashWords } from "../../../src/cli/completion/bashWords.ts"
import { candidates } from "../../../src/cli/completion/candidates.ts"
import { sessionNames } from "../../../src/cli/completion/liveNames.ts"
import { session } from "../../../src/testing/samples.ts"

const live = {
  instances: Effect.succeed([{ value: "my shop", description: "/shop" }]),
  sessions: (instance: string) =>
    Effect.succeed(instance === "my shop" ? [{ value: "Fix the login", description: "ses_1" }] : []),
}

const offered = (...words: ReadonlyArray<string>) =>
  Effect.map(candidates(Completions.fromCommand(root), words.slice(0, -1), words.at(-1) ?? "", live), (found) =>
    found.map(({ value }) => value),
  )

const last = (line: string) => bashWords(line).at(-1) ?? { raw: "", text: "" }

const replaced = (line: string, readlineWord: string, value: string) => bashReplacement(value, last(line), readlineWord)

/** How the first sessions are named among all: pairs of name and title. */
const named = (all: ReadonlyArray<readonly [string, string]>, shown = all.length) => {
  const sessions = all.map(([name, title]) => session(name, { title }))
  return sessionNames(sessions.slice(0, shown), sessions).map(({ value }) => value)
}

describe("completion", () => {
  it.effect("offers commands, flags and their values, instances and sessions", () =>
    Effect.gen(function* () {
      assert.includeMembers(yield* offered("se"), ["sessions", "send"])
      assert.notInclude(yield* offered(""), "__complete")
      assert.deepStrictEqual(yield* offered("help", "sess"), ["sessions"])
      assert.deepStrictEqual(yield* offered("send", "--if"), ["--if-busy"])
      assert.notInclude(yield* offered("send", "--if-busy", "wait", "--"), "--if-busy")
      assert.deepStrictEqual(yield* offered("send", "--if-busy", ""), ["wait", "steer", "fail"])
      assert.deepStrictEqual(yield* offered("send", "--if-busy=f"), ["--if-busy=fail"])
      assert.deepStrictEqual(yield* offered("completion", ""), ["bash", "zsh", "fish"])
      assert.deepStrictEqual(yield* offered("sessions", "--limit", "5", ""), ["my shop"])
      assert.deepStrictEqual(yield* offered("diff", "my shop", ""), ["latest", "Fix the login"])
      assert.deepStrictEqual(yield* offered("send", "my shop", ""), ["new", "latest", "Fix the login"])
      assert.deepStrictEqual(yield* offered("send", "my shop", "new", ""), [])
      assert.deepStrictEqual(yield* offered("wait", ""), ["my shop/latest"])
      assert.deepStrictEqual(yield* offered("send", "--to", ""), ["my shop/latest"])
      assert.deepStrictEqual(yield* offered("send", "--to", "my shop/F"), ["my shop/Fix the login"])
    }),
  )

  it.effect("offers a name by a part of it and in any case, as it is accepted", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* offered("read", "Shop"), ["my shop"])
      assert.deepStrictEqual(yield* offered("read", "shop", "log"), [])
      assert.deepStrictEqual(yield* offered("read", "my shop", "log"), ["Fix the login"])
      assert.deepStrictEqual(yield* offered("read", "my shop", "la"), ["latest"])
      assert.deepStrictEqual(yield* offered("wait", "shop"), ["my shop/latest"])
      assert.deepStrictEqual(yield* offered("send", "--to=shop"), ["--to=my shop/latest"])
      assert.deepStrictEqual(yield* offered("essions"), [])
    }),
  )

  it("names a session by its title if no other session has it, else by its id", () => {
    const [login, page] = [["1", "Fix the login"] as const, ["2", "Fix the login page"] as const]
    assert.deepStrictEqual(named([login, page]), ["ses_1", "Fix the login page"])
    // Also if the other one is not offered.
    assert.deepStrictEqual(named([login, page], 1), ["ses_1"])
    assert.deepStrictEqual(named([["1", "-rf"]]), ["ses_1"])
    assert.deepStrictEqual(named([["1", "a\u001B[2Jb"]]), ["ses_1"])
  })

  it("reads and quotes words as bash does", () => {
    assert.deepStrictEqual(
      bashWords(String.raw`x my\ shop "a b" 'c $d'`).map(({ text }) => text),
      ["x", "my shop", "a b", "c $d"],
    )
    assert.strictEqual(replaced("x ", "", "a $b's"), String.raw`a\ \$b\'s`)
    assert.strictEqual(replaced(String.raw`x my\ s`, String.raw`my\ s`, "my shop"), String.raw`my\ shop`)
    assert.strictEqual(replaced("x fix:t", "t", "other:the"), undefined)
    assert.strictEqual(replaced('x "my ', "my ", "my $shop"), String.raw`my \$shop`)
    assert.strictEqual(replaced("x fix:t", "t", "fix:the login"), String.raw`the\ login`)
  })
})
