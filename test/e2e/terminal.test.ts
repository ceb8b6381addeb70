/** The commands at a terminal: what is drawn, and how a person is asked. Skipped where there is no tmux. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/McpClients.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { hasTmux, inTerminal } from "../support/Tmux.ts"

const registered = Effect.gen(function* () {
  const opencode = yield* RealOpencode
  const relay = yield* makeRelay()
  yield* relay.register("漢字", opencode)
  return { opencode, relay }
})

const shows = (text: string | RegExp) =>
  eventually((screen: string) => (typeof text === "string" ? screen.includes(text) : text.test(screen)))

const commands = { excludeTestServices: true, timeout: "60 seconds" } as const

layer(RealOpencode.layer({ permission: "ask" }), commands)("at a terminal", (it) => {
  it.effect.skipIf(!hasTmux)("the fleet is drawn in place, never wider or higher than the window", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const { coloured, cursorShows, resize, screen, type } = yield* inTerminal(relay, ["instances", "--watch"])
      yield* shows("漢字  online")(screen)
      assert.include(yield* coloured, "\u001B[32monline")
      assert.isFalse(yield* cursorShows)
      yield* relay.register("down", { port: 9 })
      yield* shows(/\ndown +unreachable/u)(screen)
      yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], (name) =>
        relay.register(name, { port: 9 + name.charCodeAt(0) }),
      )
      yield* resize(60, 6)
      const small = yield* shows("more lines")(screen)
      assert.match(small, /^NAME .*\n漢字  online .*\n.*\n.*\n… and \d+ more lines\n/u)
      yield* resize(120, 30)
      const large = yield* shows(/\nf +unreachable/u)(screen)
      assert.lengthOf(large.match(/NAME/gu) ?? [], 1)
      yield* type("C-c")
      yield* shows("status 130")(screen)
      assert.isTrue(yield* cursorShows)
    }),
  )

  it.effect.skipIf(!hasTmux)("nothing is coloured where NO_COLOR says so", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const { coloured } = yield* inTerminal(relay, ["instances"], { NO_COLOR: "1" })
      assert.notInclude(yield* shows("status 0")(coloured), "\u001B")
    }),
  )

  it.effect.skipIf(!hasTmux)("a person allows what the agent asks for, and the turn goes on", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const { screen, type } = yield* inTerminal(relay, ["send", "漢字", "new", "tell: I make it | touch made"])
      const form = yield* shows("❯ once")(screen)
      assert.match(form, /\nI make it\n[^]*Permission for bash:\n {2}touch made\n/u)
      yield* type("Enter")
      const end = yield* shows("status 0")(screen)
      assert.match(end, /\nDone: \(no output\)\n/u)
      assert.include(end, "Decision: allowed once: permission for bash: touch made")
    }),
  )

  it.effect.skipIf(!hasTmux)("a person refuses with a reason, and the agent gets to know it", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const { screen, type } = yield* inTerminal(relay, ["send", "漢字", "new", "run: touch made"])
      yield* shows("❯ once")(screen)
      yield* type("Down", "Down", "Enter")
      yield* shows("Reason:")(screen)
      yield* type("use another name", "Enter")
      yield* shows(/\nDone: [^]*use another name[^]*\nstatus 0/u)(screen)
    }),
  )

  it.effect.skipIf(!hasTmux)("a question is answered with one of its choices", () =>
    Effect.gen(function* () {
      const { relay } = yield* registered
      const { screen, type } = yield* inTerminal(relay, ["send", "漢字", "new", "ask: Which colour? | Red | Blue"])
      yield* shows("❯ Red")(screen)
      yield* type("Down", "Enter")
      yield* shows(/"Which colour\?"="Blue"[^]*\nstatus 0/u)(screen)
    }),
  )

  it.effect.skipIf(!hasTmux)("Esc leaves the request open", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const { id } = yield* facts.createSession(opencode, "Left open")
      const left = yield* inTerminal(relay, ["send", "漢字", id, "run: touch made"])
      yield* shows("❯ once")(left.screen)
      yield* left.type("Escape")
      yield* shows("status 3")(left.screen)
      assert.lengthOf(yield* facts.pending(opencode, "permission", id), 1)
      yield* facts.abort(opencode, id)
    }),
  )

  it.effect.skipIf(!hasTmux)("the form goes when it is decided elsewhere", () =>
    Effect.gen(function* () {
      const { opencode, relay } = yield* registered
      const { id } = yield* facts.createSession(opencode, "Decided elsewhere")
      const { cursorShows, screen } = yield* inTerminal(relay, ["send", "漢字", id, "run: touch made"])
      yield* shows("❯ once")(screen)
      const [request = ""] = yield* facts.pending(opencode, "permission", id)
      yield* facts.reply(opencode, "permission", request, { reply: "once" })
      yield* shows(/\nDone: [^]*\nstatus 0/u)(screen)
      assert.isTrue(yield* cursorShows)
    }),
  )
})
