import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestConsole } from "effect/testing"
import { sendOneOrMany } from "../../../src/cli/commands/send.ts"
import { Settings } from "../../../src/Settings.ts"
import { here, ses, session, updatedAt } from "../../../src/testing/samples.ts"
import { pass } from "../../support/overFake.ts"
import { finishAnswer } from "../../support/play.ts"
import { asks, ended, fakes, fleet, running } from "../../support/twoInstances.ts"
import { fakeTerminal } from "../terminal/fakeTerminal.ts"
import { resultOf, type Typed } from "./scene.ts"

const scene = Layer.merge(fleet, Settings.layerOf({ relayDirectory: "/relay", sendTimeout: 60_000 }))

const none = Option.none()

const sending = Effect.fnUntraced(function* (given: Partial<Parameters<typeof sendOneOrMany>[0]>, typed?: Typed) {
  const command = sendOneOrMany({
    instance: Option.some("Do it"),
    session: none,
    message: none,
    directory: none,
    ifBusy: "wait",
    agent: none,
    model: none,
    messageId: none,
    isAsync: false,
    asJson: false,
    to: [],
    allIdle: false,
    yes: false,
    ...given,
  })
  const terminal = fakeTerminal(typed).layer({ canPrompt: typed !== undefined })
  const fiber = yield* Effect.forkChild(Effect.provide(command, terminal))
  yield* pass(3000)
  return { fiber }
})

const stdout = Effect.map(TestConsole.logLines, (lines) => lines.map(String))
const stderr = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))

describe("send --to", () => {
  it.effect(
    "`send --to` names several sessions: each gets the message once; one line as each turn ends, and the exit status of the worst",
    () =>
      Effect.gen(function* () {
        const { api, web } = yield* fakes
        const sent = yield* sending({ to: ["api", "web/new", "api/latest"] })
        assert.deepStrictEqual(
          [...api.prompts, ...web.prompts].map(({ text }) => text),
          ["Do it", "Do it"],
        )
        assert.strictEqual(api.prompts[0]?.session, here)
        assert.lengthOf(web.sessions, 3)
        finishAnswer(api, "From api.")
        finishAnswer(web, "From web.")
        assert.strictEqual((yield* resultOf(sent, 3000)).status, 0)
        const lines = yield* stdout
        assert.lengthOf(lines, 2)
        for (const part of ["From api.", "From web."]) assert.include(lines.join("\n"), part)
      }).pipe(Effect.provide(scene)),
  )

  it.effect("one of the places of `send --to` is wrong: nothing is sent, and each wrong place is named", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      const sent = yield* sending({ to: ["api", "api/no such", "docs", "web/new"] })
      const { reason, status } = yield* resultOf(sent)
      assert.strictEqual(status, 1)
      assert.match(reason, /^Nothing was sent\.\n {2}api\/no such: .+\n {2}docs\/latest: There is no instance "docs"/u)
      assert.deepStrictEqual([...api.prompts, ...web.prompts], [])
      assert.lengthOf(web.sessions, 2)
      const agent = yield* resultOf(yield* sending({ to: ["api", "web"], agent: Option.some("nope") }))
      assert.match(agent.reason, /--agent "nope" cannot be used/u)
      assert.deepStrictEqual([...api.prompts, ...web.prompts], [])
    }).pipe(Effect.provide(scene)),
  )

  it.effect(
    "a session of `send --to` is busy and waits for a person: it is named before anything is sent; the others get the message, and the exit status is 3",
    () =>
      Effect.gen(function* () {
        const { api, web } = yield* fakes
        running(api)
        const sent = yield* sending({ to: ["api", "web"] })
        assert.include(yield* stderr, `busy  api/${here}  the message is sent when its current turn ends  Session main`)
        asks(api)
        finishAnswer(web, "From web.")
        const { reason, status } = yield* resultOf(sent, 20_000)
        assert.strictEqual(status, 3)
        assert.include(reason, "Of 2 sessions: 1 session waiting for a person.")
        assert.include(reason, `\`opencode-fleet approve api ${here}\``)
        assert.include((yield* stdout).join("\n"), `error  api/${here}`)
      }).pipe(Effect.provide(scene)),
  )

  it.effect("`send --to` names more than 16 sessions: 16 messages are on their way at once, and all are sent", () =>
    Effect.gen(function* () {
      const { api } = yield* fakes
      const names = Array.from({ length: 20 }, (_, index) => `s${index}xxxx`)
      api.sessions = names.map((name) => session(name))
      let [now, most] = [0, 0]
      api.fail("POST /session/*", (answer) => {
        most = Math.max(most, ++now)
        return Effect.ensuring(
          Effect.delay(answer, "1 second"),
          Effect.sync(() => void now--),
        )
      })
      yield* sending({ to: names.map((name) => `api/${ses(name)}`) })
      assert.lengthOf(api.prompts, 20)
      assert.strictEqual(most, 16)
    }).pipe(Effect.provide(scene)),
  )

  it.effect("asks for the message in a terminal, and says so without one", () =>
    Effect.gen(function* () {
      const { api } = yield* fakes
      const missing = yield* resultOf(yield* sending({ to: ["api"], instance: none }))
      assert.deepStrictEqual(missing, {
        status: 2,
        reason: "MESSAGE is missing. In a terminal it can be left out, and the command asks for it.",
      })
      yield* sending({ to: ["api"], instance: none }, [[{ word: "Go on" }, "enter"]])
      assert.deepStrictEqual(
        api.prompts.map(({ text }) => text),
        ["Go on"],
      )
    }).pipe(Effect.provide(scene)),
  )

  it.effect.each([
    { given: { message: Option.some("it") }, says: "the only argument" },
    { given: { messageId: Option.some("msg_a") }, says: "--message-id" },
    { given: { isAsync: true }, says: "--async" },
    { given: { to: [], allIdle: true }, says: "--yes" },
  ])("is a usage error: $says", ({ given, says }) =>
    Effect.gen(function* () {
      const { api } = yield* fakes
      const { reason, status } = yield* resultOf(yield* sending({ to: ["api"], ...given }))
      assert.strictEqual(status, 2)
      assert.include(reason, says)
      assert.deepStrictEqual(api.prompts, [])
    }).pipe(Effect.provide(scene)),
  )
})

describe("send --all-idle", () => {
  it.effect(
    "`send --all-idle` with --yes: the latest session of each idle instance is named and gets the message",
    () =>
      Effect.gen(function* () {
        const { api, web } = yield* fakes
        ended(api, "Before.")
        running(web)
        const sent = yield* sending({ allIdle: true, yes: true })
        assert.include(yield* stderr, `api/${here}  Session main`)
        finishAnswer(api, "Done.")
        assert.strictEqual((yield* resultOf(sent, 3000)).status, 0)
        assert.deepStrictEqual(web.prompts, [])
      }).pipe(Effect.provide(scene)),
  )

  it.effect("takes the session in a new worktree of the project for the latest, not that of another project", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(web)
      const tree = session("tree", { directory: "/worktrees/fix", project: "p1", ...updatedAt(3000) })
      const other = session("other", { directory: "/other", project: "p2", ...updatedAt(4000) })
      api.sessions = [other, tree, session("main", { project: "p1" })]
      yield* sending({ allIdle: true, yes: true })
      assert.include(yield* stderr, "api/ses_tree  Session tree")
    }).pipe(Effect.provide(scene)),
  )

  it.effect("`send --all-idle` in a terminal: the sessions are listed, and nothing is sent without a yes", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      const result = yield* resultOf(yield* sending({ allIdle: true }, [["enter"]]))
      assert.deepStrictEqual(result, { status: 1, reason: "" })
      assert.include(yield* stderr, "Nothing was sent.")
      assert.deepStrictEqual([...api.prompts, ...web.prompts], [])
    }).pipe(Effect.provide(scene)),
  )
})

describe("send --to without a message", () => {
  it.effect("fails in a script before anything looks as if it were sent", () =>
    Effect.gen(function* () {
      const { api } = yield* fakes
      running(api)
      const sent = yield* sending({ to: ["api"], instance: none })
      assert.include((yield* resultOf(sent)).reason, "MESSAGE is missing")
      assert.notInclude(yield* stderr, "busy")
    }).pipe(Effect.provide(scene)),
  )
})
