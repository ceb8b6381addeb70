/** The commands in a terminal: drawing, and forms for a person. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { dirname } from "node:path"
import { executable, makeRelay, type Relay, type Variables } from "../support/Executable.ts"
import * as facts1 from "../support/opencodeFacts.ts"
import * as facts from "../support/facts.ts"
import { pathWithOpencode, running } from "../support/connectProcess.ts"
import { environment } from "../support/OpencodeWorkspace.ts"
import { opencode2Binary } from "../support/opencode2Binary.ts"
import { openTerminal } from "../support/PseudoTerminal.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { withOpencode2, withTmux } from "../support/requirements.ts"
import { runCommand } from "../support/runCommand.ts"

const registered = Effect.gen(function* () {
  const opencode = yield* RealOpencode
  const relay = yield* makeRelay()
  yield* relay.register("漢字", opencode)
  return { opencode, relay }
})

const password = "typed-nowhere-7Qx"

/** The executable in a terminal of 100 columns and 30 rows. */
const inTerminal = (relay: Relay, args: ReadonlyArray<string>, variables: Variables = {}) =>
  openTerminal({
    argv: [process.execPath, executable, ...args],
    env: relay.environment({ LANG: "C.UTF-8", OPENCODE_SERVER_PASSWORD: password, ...variables }),
    cwd: relay.home,
    columns: 100,
    rows: 30,
  })

/** `attach` draws opencode's terminal UI, which takes a message and ends without the instance. */
const attached = Effect.gen(function* () {
  const { opencode, relay } = yield* registered
  const PATH = opencode.api === 1 ? pathWithOpencode : `${dirname(opencode2Binary)}:${process.env["PATH"]}`
  const variables = { ...environment(opencode.home, password), PATH }
  const terminal = yield* inTerminal(relay, ["attach", "漢字"], variables)
  yield* terminal.screenUntil(/ctrl\+p/u)
  assert.isNotEmpty(yield* running(opencode.url))
  assert.isEmpty(yield* running(password))
  yield* terminal.type("say:typed by hand")
  yield* terminal.press("Enter")
  yield* terminal.screenUntil((text) => text.split("typed by hand").length > 2)
  yield* terminal.press("C-c")
  assert.strictEqual(yield* terminal.exitStatus, 0)
  // The instance goes on.
  const [session] = yield* facts.sessions(opencode)
  assert.include(yield* facts.texts(opencode, session?.id ?? ""), "typed by hand")
})

/** An agent that another client drives is watched, helped and read from the terminal alone. */
const helped = Effect.gen(function* () {
  const { opencode, relay } = yield* registered
  const { id } = yield* facts.createSession(opencode, "Watched")
  const watching = yield* inTerminal(relay, ["read", "漢字", id, "--follow"])
  yield* watching.screenUntil(/No messages yet/u)
  yield* facts.prompt(opencode, id, "run: echo helped | tee made")
  yield* watching.screenUntil(/Decide it with `opencode-fleet approve/u)
  const variables = { OPENCODE_SERVER_PASSWORD: password }
  const approved = yield* runCommand(relay, ["approve", "漢字", id, "--yes"], { variables })
  assert.strictEqual(approved.status, 0, approved.stderr)
  assert.match(approved.stdout, /^Allowed once: permission for /u)
  assert.include(approved.stderr, "tee made")
  const end = yield* watching.screenUntil(/Done: /u)
  assert.match(end, /── user · /u)
  assert.include(end, "$ echo helped | tee made ✓")
  yield* watching.press("C-c")
  assert.strictEqual(yield* watching.exitStatus, 130)
  const read = yield* runCommand(relay, ["read", "漢字", id], { variables })
  assert.strictEqual(read.status, 0, read.stderr)
  assert.match(read.stdout, /run: echo helped \| tee made\n\n── [^]*\$ echo helped \| tee made ✓[^]*\nDone: /u)
  const nothing = yield* runCommand(relay, ["abort", "漢字", id], { variables })
  assert.strictEqual(nothing.status, 0, nothing.stderr)
  assert.include(nothing.stdout, "Nothing is running")
})

const suite = { excludeTestServices: true } as const

withTmux("at a terminal", () => {
  layer(RealOpencode.layer({ permission: "ask", password }), suite)("with a real opencode", (it) => {
    it.effect("opencode's own screen is attached, with the password in no argument", () => attached)

    it.effect("an agent is watched, helped and read", () => helped)

    it.effect("the fleet is redrawn in place, never wider or higher than the window", () =>
      Effect.gen(function* () {
        const { relay } = yield* registered
        const terminal = yield* inTerminal(relay, ["instances", "--watch"])
        yield* terminal.screenUntil(/漢字 {2}idle/u)
        assert.include(yield* terminal.styledScreen, "\u001B[2midle")
        assert.isFalse(yield* terminal.cursorShows)
        yield* relay.register("down", { port: 9 })
        yield* terminal.screenUntil(/\n {2}down +unreachable/u)
        yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], (name) =>
          relay.register(name, { port: 9 + name.charCodeAt(0) }),
        )
        yield* terminal.resize({ columns: 60, rows: 6 })
        const small = yield* terminal.screenUntil(/↓ 7 more/u)
        assert.match(small, /^NAME .*\n❯ 漢字 {2}.*\n↓ 7 more\nq quit .*$/u)
        yield* terminal.resize({ columns: 120, rows: 30 })
        const large = yield* terminal.screenUntil(/\n {2}f +unreachable/u)
        assert.lengthOf(large.match(/NAME/gu) ?? [], 1)
        yield* terminal.press("C-c")
        assert.strictEqual(yield* terminal.exitStatus, 130)
        assert.isTrue(yield* terminal.cursorShows)
      }),
    )

    it.effect("the dashboard filters, allows what waits after a confirmation, and quits", () =>
      Effect.gen(function* () {
        const { opencode, relay } = yield* registered
        yield* relay.register("down", { port: 9 })
        yield* facts.createSession(opencode, "Another")
        const { id } = yield* facts.createSession(opencode, "Watched")
        const sending = yield* inTerminal(relay, ["send", "漢字", id, "run: touch watched", "--async"])
        assert.strictEqual(yield* sending.exitStatus, 0)
        const terminal = yield* inTerminal(relay, ["instances", "--watch"])
        yield* terminal.screenUntil((text) => text.includes("touch watched") && text.includes("a approve"))
        yield* terminal.type("/idle-or-busy")
        yield* terminal.screenUntil(/No instance matches the filter/u)
        yield* terminal.press("Escape")
        yield* terminal.screenUntil((text) => text.includes("touch watched") && text.includes("a approve"))
        yield* terminal.type("a")
        yield* terminal.screenUntil(/Allow this, once\?/u)
        yield* terminal.type("y")
        yield* terminal.screenUntil(/Allowed once: permission for bash: touch watched[^]*❯ 漢字[^]*q quit/u)
        yield* terminal.press("Enter")
        yield* terminal.screenUntil(/Which session of 漢字\?/u)
        yield* terminal.type(id)
        yield* terminal.press("Enter")
        yield* terminal.screenUntil(/Any key returns to the table[^]*\$ touch watched ✓/u)
        yield* terminal.type("x")
        yield* terminal.screenUntil(/\$ touch watched ✓[^]*❯ 漢字[^]*q quit/u)
        yield* terminal.press("Enter")
        yield* terminal.screenUntil(/Which session of 漢字\?(?![^]*q quit)/u)
        yield* terminal.press("Escape")
        yield* terminal.screenUntil(/Which session of 漢字\? ›[^]*❯ 漢字[^]*q quit/u)
        yield* terminal.type("q")
        assert.strictEqual(yield* terminal.exitStatus, 0)
        assert.isTrue(yield* terminal.cursorShows)
      }),
    )

    it.effect("a setting that cannot be used ends a server that was started by hand", () =>
      Effect.gen(function* () {
        const terminal = yield* inTerminal(yield* makeRelay(), [], { TRANSPORT: "carrier-pigeon" })
        assert.strictEqual(yield* terminal.exitStatus, 1)
        yield* terminal.screenUntil(/TRANSPORT="carrier-pigeon" cannot be used/u)
      }),
    )

    it.effect("NO_COLOR turns colours off", () =>
      Effect.gen(function* () {
        const { relay } = yield* registered
        const terminal = yield* inTerminal(relay, ["instances"], { NO_COLOR: "1" })
        assert.strictEqual(yield* terminal.exitStatus, 0)
        const screen = yield* terminal.styledScreen
        assert.match(screen, /idle|busy/u)
        assert.notInclude(screen, "\u001B")
      }),
    )

    it.effect("a person allows a permission, and the turn continues", () =>
      Effect.gen(function* () {
        const { relay } = yield* registered
        const terminal = yield* inTerminal(relay, ["send", "漢字", "new", "tell: I make it | touch made"])
        const form = yield* terminal.screenUntil(/❯ once/u)
        assert.match(form, /\nI make it\n[^]*\nbash: touch made\n/u)
        yield* terminal.press("Enter")
        assert.strictEqual(yield* terminal.exitStatus, 0)
        const end = yield* terminal.screen
        assert.match(end, /\n\$ touch made ✓[^\n]*\nDone: \(no output\)\n/u)
      }),
    )

    it.effect("a person answers a question in their own words", () =>
      Effect.gen(function* () {
        const { relay } = yield* registered
        const terminal = yield* inTerminal(relay, ["send", "漢字", "new", "ask: Which colour? | Red"])
        yield* terminal.screenUntil(/❯ Red/u)
        yield* terminal.press("Down", "Enter")
        yield* terminal.screenUntil(/Your own words/u)
        yield* terminal.type("Green")
        yield* terminal.press("Enter")
        assert.strictEqual(yield* terminal.exitStatus, 0)
        assert.include(yield* terminal.screen, `"Which colour?"="Green"`)
      }),
    )

    it.effect("a person answers a question with one of its choices", () =>
      Effect.gen(function* () {
        const { relay } = yield* registered
        const terminal = yield* inTerminal(relay, ["send", "漢字", "new", "ask: Which colour? | Red | Blue"])
        yield* terminal.screenUntil(/❯ Red/u)
        yield* terminal.press("Down", "Enter")
        assert.strictEqual(yield* terminal.exitStatus, 0)
        assert.include(yield* terminal.screen, `"Which colour?"="Blue"`)
      }),
    )

    it.effect("Esc leaves the request open", () =>
      Effect.gen(function* () {
        const { opencode, relay } = yield* registered
        const { id } = yield* facts.createSession(opencode, "Left open")
        const terminal = yield* inTerminal(relay, ["send", "漢字", id, "run: touch made"])
        yield* terminal.screenUntil(/❯ once/u)
        yield* terminal.press("Escape")
        assert.strictEqual(yield* terminal.exitStatus, 3)
        assert.lengthOf(yield* facts.pending(opencode, "permission", id), 1)
        yield* facts.abort(opencode, id)
      }),
    )

    it.effect("the form closes when its request is decided elsewhere", () =>
      Effect.gen(function* () {
        const { opencode, relay } = yield* registered
        const { id } = yield* facts.createSession(opencode, "Decided elsewhere")
        const terminal = yield* inTerminal(relay, ["send", "漢字", id, "run: touch made"])
        yield* terminal.screenUntil(/❯ once/u)
        const [request = ""] = yield* facts.pending(opencode, "permission", id)
        yield* facts1.reply(opencode, "permission", request, { reply: "once" })
        assert.strictEqual(yield* terminal.exitStatus, 0)
        assert.include(yield* terminal.screen, "\nDone: ")
        assert.isTrue(yield* terminal.cursorShows)
      }),
    )
  })

  withOpencode2("with a real opencode 2", () => {
    layer(
      RealOpencode.layer({ api: 2, permission: "ask", password }),
      suite,
    )((it) => {
      it.effect("opencode's own screen is attached, with the password in no argument", () => attached)

      it.effect("an agent is watched, helped and read", () => helped)
    })
  })
})
