/** send_message on a real opencode beyond the plain case: waiting, refusals, and ends of turns. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Schema } from "effect"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { GetStatus } from "../../src/tools/sessions/SessionTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { GetSession } from "../../src/tools/sessions/SessionTools.ts"
import { connect, FleetClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/facts.ts"
import { startRaw } from "../support/RawServer.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { runCommand } from "../support/runCommand.ts"
import { onBothVersions } from "../support/requirements.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const send = (session_id: string, message: string, parameters?: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(FleetClient, (client) => client.call(SendMessage, { session_id, message, ...parameters }))

const decodeProgress = Schema.decodeUnknownSync(
  Schema.Array(
    Schema.fromJsonString(
      Schema.Struct({ params: Schema.Struct({ progress: Schema.Finite, message: Schema.String }) }),
    ),
  ),
)

/** Waits until the session is busy. */
const busy = Effect.fnUntraced(function* (session: string) {
  yield* facts.status(yield* RealOpencode, session).pipe(eventually((status) => status === "busy"))
})

const texts = (session: string) => Effect.flatMap(RealOpencode, (opencode) => facts.texts(opencode, session))

/** A megabyte of text that a careless program would corrupt. */
const hostileText = () => {
  const line = `"quotes" 'both' \`kinds\` \\ back\\slash \t tab ${"日本語 العربية עברית ру́сский ελληνικά हिन्दी 👩‍👩‍👧‍👦 e\u0301"} </script> \${x}\r\n\n`
  // The scripted model echoes most messages word by word, but answers this one with a single word.
  return `slow: 1\n${line.repeat(Math.ceil(1_000_000 / new TextEncoder().encode(line).length))}end`
}

layer(FleetClient.layer(), { excludeTestServices: true })("a turn", (it) => {
  it.effect("starts with the exact message, a megabyte of mixed scripts, newlines and quotes", () =>
    Effect.gen(function* () {
      const session = yield* newSession("A megabyte")
      const message = hostileText()
      assert.isAbove(new TextEncoder().encode(message).length, 1_000_000)
      const turn = yield* send(session, message)
      assert.strictEqual(turn.outcome, "completed")
      const [stored] = yield* texts(session)
      assert.isTrue(stored === message, "the stored message differs from the one that was sent")
      assert.isBelow(JSON.stringify(turn).length, 60_000)
    }),
  )

  it.effect("runs once for all calls with the same message_id", () =>
    Effect.gen(function* () {
      const session = yield* newSession("Own id")
      const own = { message_id: `msg_own-${session.slice(-12)}` }
      const calls = yield* Effect.all([send(session, "say:once", own), send(session, "say:once", own)], {
        concurrency: 2,
      })
      for (const turn of [...calls, yield* send(session, "say:once", own)]) {
        assert.deepInclude(turn, { ...own, outcome: "completed", text: "once" })
      }
      assert.deepStrictEqual(yield* texts(session), ["say:once", "once"])
      const other = yield* newSession("Another")
      assert.include((yield* Effect.flip(send(other, "say:twice", own))).text, session)
      assert.deepStrictEqual(yield* texts(session), ["say:once", "once"])
    }),
  )

  it.effect("sends progress notifications that count upwards and each contain the text so far", () =>
    Effect.gen(function* () {
      const { relay } = yield* FleetClient
      // Read as raw lines, because SDK clients drop a notification that arrives together with the answer.
      const raw = yield* startRaw(relay)
      yield* raw.initialize()
      const { result } = yield* raw.request("tools/call", {
        name: "send_message",
        arguments: { session_id: yield* newSession("Progress"), message: "slow: 10" },
        _meta: { progressToken: "token" },
      })
      const progress = decodeProgress((yield* raw.stdout).split("\n").filter((line) => line.includes("progressToken")))
      assert.isNotEmpty(progress)
      assert.deepStrictEqual(
        progress.map(({ params }) => params.progress),
        progress.map((_, index) => index + 1),
      )
      const whole = "tick 1 tick 2 tick 3 tick 4 tick 5 tick 6 tick 7 tick 8 tick 9 tick 10"
      for (const { params } of progress) {
        // Where the beginning was missed, a mark stands in its place until it is read.
        const [, gap, shown = ""] = /^(\[…\]\s*)?(.*)$/u.exec(params.message) ?? []
        assert.isTrue(gap === undefined ? whole.startsWith(shown) : whole.includes(shown), params.message)
      }
      assert.strictEqual(progress.at(-1)?.params.message, whole)
      assert.include(JSON.stringify(result), whole)
    }),
  )

  it.effect("fails with the provider's message", () =>
    Effect.gen(function* () {
      const session = yield* newSession("Failure")
      const turn = yield* send(session, "fail:401")
      assert.strictEqual(turn.outcome, "failed")
      assert.include(turn.detail, "scripted failure 401")
      assert.strictEqual((yield* send(session, "and again")).text, "Echo: and again")
      const client = yield* FleetClient
      assert.include(yield* client.text(GetSession, { session_id: session }), "scripted failure 401")
    }),
  )

  it.effect("reports that the provider is retried, and can be stopped then", () =>
    Effect.gen(function* () {
      const client = yield* FleetClient
      const session = yield* newSession("Retry")
      const turn = yield* Effect.forkChild(send(session, "fail:503"))
      const { active } = yield* client
        .call(GetStatus)
        .pipe(
          eventually(({ active }) => active.some(({ session_id: id, status }) => id === session && status === "retry")),
        )
      assert.include(active.find(({ session_id: id }) => id === session)?.detail, "scripted failure 503")
      assert.isTrue((yield* client.call(AbortSession, { session_id: session })).was_running)
      assert.strictEqual((yield* Fiber.join(turn)).outcome, "aborted")
    }),
  )

  it.effect("is aborted for the waiting caller when another caller stops it", () =>
    Effect.gen(function* () {
      const client = yield* FleetClient
      const session = yield* newSession("Abort")
      const turn = yield* Effect.forkChild(send(session, "slow: 600"))
      yield* busy(session)
      assert.isTrue((yield* client.call(AbortSession, { session_id: session })).was_running)
      assert.strictEqual((yield* Fiber.join(turn)).outcome, "aborted")
    }),
  )

  it.effect.each([
    ["agent", "biuld", ["build", "plan"]],
    ["model", "scripted/nope", ["scripted/scripted"]],
  ] as const)("is not begun with an unknown %s, and the known ones are named", ([parameter, value, known]) =>
    Effect.gen(function* () {
      const session = yield* newSession(`Unknown ${parameter}`)
      for (const async of [false, true]) {
        const { text } = yield* Effect.flip(send(session, "hello", { [parameter]: value, async }))
        for (const name of [parameter, value, ...known]) assert.include(text, name)
      }
      assert.deepStrictEqual(yield* texts(session), [])
    }),
  )

  it.effect("uses the requested agent and model", () =>
    Effect.gen(function* () {
      const client = yield* FleetClient
      const session = yield* newSession("Agent and model")
      yield* send(session, "hello", { agent: "plan", model: "scripted/scripted" })
      const { messages } = yield* client.call(GetSession, { session_id: session })
      assert.deepInclude(messages[1], { agent: "plan", model: "scripted/scripted" })
    }),
  )
})

onBothVersions((api) => {
  // Without permissions of the user's own, those of opencode's agents hold.
  layer(FleetClient.layer({ api, config: { permission: {} } }), { excludeTestServices: true })(
    "a busy session",
    (it) => {
      it.effect("the session is busy, if_busy fail or async: an error that says nothing was sent", () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const session = yield* newSession("Busy")
          yield* facts.prompt(opencode, session, "slow: 600")
          yield* busy(session)
          for (const parameters of [{ if_busy: "fail" }, { async: true }, { async: true, if_busy: "fail" }]) {
            const { text } = yield* Effect.flip(send(session, "not now", parameters))
            for (const part of ["busy", "not sent", session]) assert.include(text, part)
          }
          yield* facts.abort(opencode, session)
          assert.notInclude((yield* texts(session)).join("\n"), "not now")
        }),
      )

      it.effect("the session is busy, if_busy wait: the message is sent when the current turn ends", () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const session = yield* newSession("Wait")
          yield* facts.prompt(opencode, session, "slow: 8")
          yield* busy(session)
          const turn = yield* send(session, "second")
          assert.deepInclude(turn, { outcome: "completed", text: "Echo: second" })
          const [, first, , second] = yield* texts(session)
          assert.match(first ?? "", /tick 8/)
          assert.strictEqual(second, "Echo: second")
        }),
      )

      it.effect("the session's person has chosen an agent: the agent answers, not the default one", () =>
        Effect.gen(function* () {
          const session = (yield* facts.createSession(yield* RealOpencode, "Plan", "plan")).id
          yield* send(session, "first")
          yield* send(session, "second", { if_busy: "steer" })
          const { messages } = yield* (yield* FleetClient).call(GetSession, { session_id: session })
          const agents = messages.flatMap(({ agent, role }) => (role === "assistant" ? [agent] : []))
          assert.isAtLeast(agents.length, 2)
          assert.deepStrictEqual([...new Set(agents)], ["plan"])
        }),
      )

      it.effect(
        "the session's person has chosen a read-only agent: no file is written, neither by a tool nor by send",
        () =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const opencode = yield* RealOpencode
            const { relay } = yield* FleetClient
            /** The files that the agent writes when it is asked to write three. */
            const write = Effect.fnUntraced(function* (agent: string) {
              const session = (yield* facts.createSession(opencode, `Writes as ${agent}`, agent)).id
              const files = ["first", "second", "third"].map((name) => `${opencode.directory}/${agent}-${name}`)
              const [first, second, third] = files
              yield* send(session, `write: ${first}`)
              yield* send(session, `write: ${second}`, { if_busy: "steer" })
              yield* runCommand(relay, ["send", "main", session, `write: ${third}`])
              assert.lengthOf(
                (yield* texts(session)).filter((text) => text.startsWith("write:")),
                3,
              )
              return yield* Effect.filter(files, (file) => fs.exists(file))
            })
            assert.lengthOf(yield* write("build"), 3)
            assert.deepStrictEqual(yield* write("plan"), [])
          }),
      )

      it.effect("takes one of two messages that two servers send at the same moment with if_busy fail", () =>
        Effect.gen(function* () {
          const { relay } = yield* FleetClient
          const clients = [yield* FleetClient, yield* connect(relay)]
          for (const round of [1, 2, 3]) {
            const session_id = yield* newSession(`Two servers ${round}`)
            const parameters = { session_id, message: "slow: 40", async: true, if_busy: "fail" }
            const results = yield* Effect.forEach(
              clients,
              (client) => Effect.result(client.call(SendMessage, parameters)),
              { concurrency: 2 },
            )
            assert.deepStrictEqual(results.map(({ _tag }) => _tag).toSorted(), ["Failure", "Success"])
          }
        }),
      )

      it.effect("adds the message to the running turn with if_busy steer", () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const session = yield* newSession("Steer")
          yield* facts.prompt(opencode, session, "slow: 8")
          yield* busy(session)
          const turn = yield* send(session, "say:to the left", { if_busy: "steer" })
          assert.deepInclude(turn, { outcome: "completed", text: "to the left" })
        }),
      )

      it.effect("answers several messages that are sent at the same time one after the other", () =>
        Effect.gen(function* () {
          const session = yield* newSession("Concurrent")
          const messages = ["say:one", "say:two", "say:three"]
          const turns = yield* Effect.forEach(messages, (message) => send(session, message), {
            concurrency: "unbounded",
          })
          assert.deepStrictEqual(
            turns.map(({ outcome, text }) => [outcome, text]),
            [
              ["completed", "one"],
              ["completed", "two"],
              ["completed", "three"],
            ],
          )
          assert.lengthOf(yield* texts(session), 6)
        }),
      )
    },
  )
})
