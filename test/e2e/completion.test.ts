/** Tab in real shells, with the names of a running fleet. */
import { assert, layer } from "@effect/vitest"
import { Context, Deferred, Effect, FileSystem, Layer, Path, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { withBash, withFish, withZsh } from "../support/requirements.ts"
import { makeShell, type Shell } from "../support/Shell.ts"

/** What is typed, and what Tab makes of it. Names are completed as they are accepted: by a part, and in any case. */
const cases: ReadonlyArray<readonly [string, string]> = [
  ["sess", "sessions "],
  ["read lap", "read laptop-docs "],
  ["read Docs", "read laptop-docs "],
  ["read docs log", String.raw`read docs Login\ fix `],
  ['read docs "fi', 'read docs "Login fix" '],
  ["read docs Gr", String.raw`read docs Größe:\ ändern\'s `],
  ["wait laptop-docs/log", String.raw`wait laptop-docs/Login\ fix `],
]

/** Asks for the names until they are there, and has them count as fresh: a busy machine may be too slow for a Tab. */
const keepNames = Effect.fnUntraced(function* (home: string, type: Shell["type"]) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const [before, name] of [
    ["read", "laptop-docs"],
    ["read docs", "Login fix"],
    ["read laptop-docs", "Login fix"],
  ] as const) {
    yield* type(`opencode-fleet __complete fish -- ${before} ''`).pipe(
      eventually(({ stdout }) => stdout.includes(`${name}\t`)),
    )
  }
  const file = path.join(home, ".local", "state", "opencode-fleet", "completion.json")
  const kept = yield* fs.readFileString(file)
  yield* fs.writeFileString(file, kept.replaceAll(/"at":\d+/gu, `"at":${Date.UTC(2100, 0)}`))
})

/** A home in which `opencode-fleet` finds one instance with two sessions. */
class Home extends Context.Service<Home>()("opencode-fleet/test/Home", {
  make: Effect.gen(function* () {
    const opencode = yield* RealOpencode
    for (const title of ["Login fix", "Größe: ändern's"]) yield* facts.createSession(opencode, title)
    const relay = yield* makeRelay()
    yield* relay.register("laptop-docs", opencode)
    const env = { ...relay.environment({ LC_ALL: "C.UTF-8", TERM: "xterm" }), HOME: relay.home, ZDOTDIR: relay.home }
    const shell = yield* makeShell({ env })
    yield* keepNames(relay.home, shell.type)
    return shell
  }),
}) {
  static readonly layer = Layer.effect(this, this.make).pipe(Layer.provideMerge(RealOpencode.layer()))
}

const prompt = "ready> "

/** Tab after each line, Ctrl-G, which prints the line, and Ctrl-U, which deletes it. */
const keys = [...cases.map(([typed]) => `opencode-fleet ${typed}\t\u0007\u0015`), "exit\n"].join("")

/** The lines that Ctrl-G prints in an interactive shell. `rc` is its start file. */
const typeInto = Effect.fnUntraced(function* (shell: string, rcFile: string, rc: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { env } = yield* Home
  yield* fs.writeFileString(path.join(env.HOME, rcFile), `PS1='${prompt}'\n${rc}`)
  const prompted = yield* Deferred.make<void>()
  // The end of stdin would end the shell before it has read all keys.
  const input = Stream.fromEffect(Effect.as(Deferred.await(prompted), keys)).pipe(Stream.concat(Stream.never))
  const handle = yield* ChildProcess.make("script", ["-qec", shell, "/dev/null"], {
    cwd: env.HOME,
    env,
    stdin: Stream.encodeText(input),
    forceKillAfter: "5 seconds",
  })
  let output = ""
  yield* Stream.runForEach(Stream.decodeText(handle.stdout), (text) => {
    output += text
    return output.includes(prompt) ? Deferred.succeed(prompted, undefined) : Effect.void
  })
  return Array.from(output.matchAll(/<opencode-fleet ([^<>]*)>/gu), ([, line = ""]) => line)
}, Effect.scoped)

const completed = cases.map(([, line]) => line)

layer(Home.layer, { excludeTestServices: true })("Tab completes commands and names", (it) => {
  withBash("in bash", () => {
    it.effect("as readline shows them", () =>
      Effect.gen(function* () {
        const rc = String.raw`source <(opencode-fleet completion bash)
bind -x '"\C-g": printf "<%s>\n" "$READLINE_LINE"'`
        assert.deepStrictEqual(yield* typeInto("bash --noprofile --rcfile .bashrc -i", ".bashrc", rc), completed)
      }),
    )
  })

  withZsh("in zsh", () => {
    it.effect("as its line editor shows them", () =>
      Effect.gen(function* () {
        const rc = `autoload -Uz compinit && compinit -u
source <(opencode-fleet completion zsh)
show() { print -r -- "<$BUFFER>" }
zle -N show && bindkey '^G' show`
        assert.deepStrictEqual(yield* typeInto("zsh -i", ".zshrc", rc), completed)
      }),
    )
  })

  withFish("in fish", () => {
    it.effect("with descriptions", () =>
      Effect.gen(function* () {
        const { type } = yield* Home
        const asked = ["sess", "read Docs", "read docs Gr"].map((typed) => `complete -C 'opencode-fleet ${typed}'`)
        const script = `source (opencode-fleet completion fish | psub); ${asked.join("; ")}`
        const { stdout } = yield* type(`fish -c "${script}"`)
        const { directory } = yield* RealOpencode
        assert.match(
          stdout,
          /^sessions\tList the sessions of an instance\nlaptop-docs\t\S+\nGröße: ändern's\tses_\w+\n$/u,
        )
        assert.include(stdout, `laptop-docs\t${directory}\n`)
      }),
    )
  })
})
