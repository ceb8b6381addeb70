/** Verifies with the real tmux what the tests of terminal programs assume about their terminal. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { startedWith } from "../support/processes.ts"
import { openTerminal } from "../support/PseudoTerminal.ts"
import { withTmux } from "../support/requirements.ts"

const env = { PATH: process.env["PATH"], HOME: "/nowhere", MINE: "a'b $HOME" }

const shell = (script: string) => openTerminal({ argv: ["sh", "-c", script], env, cwd: "/" })

withTmux("a pseudo terminal", () => {
  layer(NodeServices.layer, { excludeTestServices: true })("with tmux", (it) => {
    it.effect("shows a program's output where it is drawn, and passes only the given environment", () =>
      Effect.gen(function* () {
        const terminal = yield* shell(
          String.raw`printf '\033[2J\033[4;5H%s\033[1;1H\033[31m┌─ü\033[0m\n' "$MINE"; pwd; echo "$HOME[$CI]"; cat`,
        )
        assert.strictEqual(yield* terminal.screenUntil(/nowhere/u), "┌─ü\n/\n/nowhere[]\n    a'b $HOME")
        assert.include(yield* terminal.styledScreen, "\u001B[31m┌─ü")
      }),
    )

    it.effect("passes no argument through a shell", () =>
      Effect.gen(function* () {
        const terminal = yield* openTerminal({ argv: ["printf", "[%s]", "$HOME; `id`", "it's"], env, cwd: "/" })
        assert.strictEqual(yield* terminal.exitStatus, 0)
        assert.strictEqual(yield* terminal.screen, "[$HOME; `id`][it's]")
      }),
    )

    it.effect("types, presses keys and changes its size", () =>
      Effect.gen(function* () {
        const terminal = yield* shell(
          `trap 'echo interrupted' INT; trap 'stty size' WINCH; stty size; while :; do read -r line; echo "<$line>"; done`,
        )
        yield* terminal.screenUntil(/^40 120$/mu)
        yield* terminal.type("-Enter; $x")
        yield* terminal.press("Enter")
        yield* terminal.screenUntil(/<-Enter; \$x>/u)
        yield* terminal.press("C-c")
        yield* terminal.screenUntil(/interrupted$/mu)
        yield* terminal.resize({ columns: 80, rows: 24 })
        yield* terminal.press("Enter")
        yield* terminal.screenUntil(/^24 80$/mu)
      }),
    )

    it.effect.each([
      ["exit 0", 0, ""],
      ["echo last words; exit 7", 7, "last words"],
      ["kill -TERM $$", 143, "Terminated"],
    ] as const)("tells how '%s' ended", ([script, status, screen]) =>
      Effect.gen(function* () {
        const terminal = yield* shell(script)
        assert.strictEqual(yield* terminal.exitStatus, status)
        assert.strictEqual(yield* terminal.screen, screen)
      }),
    )

    it.effect("reports the screen if the expected text does not appear", () =>
      Effect.gen(function* () {
        const terminal = yield* shell("echo this; cat")
        yield* terminal.screenUntil(/this/u)
        const error = yield* Effect.flip(terminal.screenUntil(/that/u, "200 millis"))
        assert.strictEqual(error.message, "not on the screen: /that/u\nthis")
      }),
    )

    it.effect("leaves no process behind, even if it ignores all signals", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const HOME = yield* fs.makeTempDirectoryScoped()
        yield* Effect.scoped(
          Effect.gen(function* () {
            const script = "trap '' HUP TERM; (setsid sleep 81 &); echo ready; while :; do sleep 82; done"
            const terminal = yield* openTerminal({ argv: ["sh", "-c", script], env: { ...env, HOME }, cwd: HOME })
            yield* terminal.screenUntil(/ready/u)
            assert.isAtLeast((yield* startedWith("HOME", HOME)).length, 4)
            assert.include(yield* startedWith("HOME", HOME), yield* terminal.pid)
          }),
        )
        assert.isEmpty(yield* startedWith("HOME", HOME))
      }),
    )
  })
})
