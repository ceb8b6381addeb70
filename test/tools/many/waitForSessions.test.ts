import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { Call, type CallValues } from "../../../src/mcp/Call.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { event, here, permission, ses } from "../../../src/testing/samples.ts"
import { asks, end, ended, fakes, fleet, running } from "../../support/twoInstances.ts"
import { call, type ToolParameters } from "../../support/fleetOver.ts"
import { pass } from "../../support/overFake.ts"

const waiting = Effect.fnUntraced(function* (
  parameters: ToolParameters<"wait_for_sessions">,
  values: Partial<CallValues> = {},
) {
  const base = yield* Call
  const waits = call("wait_for_sessions", parameters)
  const fiber = yield* Effect.forkChild(Effect.provideService(waits, Call, { ...base, ...values }))
  yield* pass(2000)
  return fiber
})

const both = [
  { instance: "api", session_id: here },
  { instance: "web", session_id: here },
]

/** A client that keeps the messages of the progress. */
const hearing = () => {
  const messages: Array<string> = []
  const progress: CallValues["progress"] = ({ message }) => Effect.sync(() => void messages.push(message))
  return { messages, progress }
}

const outcomes = ({ view }: { readonly view: { readonly sessions: ReadonlyArray<object> } }) =>
  view.sessions.map((each) => ("instance" in each && "outcome" in each ? `${each.instance} ${each.outcome}` : ""))

describe("wait_for_sessions", () => {
  it.effect("returns when all have ended, each with its text; one that had ended before counts at once", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      ended(api, "Done before.")
      running(web)
      const fiber = yield* waiting({ sessions: both })
      assert.isUndefined(fiber.pollUnsafe())
      end(web, "Done now.")
      yield* pass(2000)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepInclude(view, { ended_count: 2, waiting_count: 0, running_count: 0, error_count: 0 })
      assert.deepInclude(view.sessions[0], { title: "Session main", outcome: "completed", text: "Done before." })
      for (const part of ["2 ended", "Done before.", "Done now."]) assert.include(text, part)
      assert.isUndefined(view.next)
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("with any returns the first outcome, names those that still run, and loses none that ends in between", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const first = yield* waiting({ sessions: both, until: "any" })
      end(api, "First.")
      yield* pass(2000)
      const { text, view } = yield* Fiber.join(first)
      assert.deepStrictEqual(outcomes({ view }), ["api completed", "web still running"])
      assert.include(text, "1 ended, 1 still running")
      assert.include(view.next, "wait_for_sessions")
      end(web, "Second.")
      yield* pass(2000)
      const second = yield* Fiber.join(yield* waiting({ sessions: both.slice(1), until: "any" }))
      assert.deepStrictEqual(outcomes(second), ["web completed"])
      assert.deepStrictEqual([...api.aborts, ...web.aborts], [])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("with any returns all that had ended before the call", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      ended(api, "One.")
      ended(web, "Two.")
      web.fail("*", Effect.delay("200 millis"))
      const answer = yield* Fiber.join(yield* waiting({ sessions: both, until: "any" }))
      assert.deepStrictEqual(outcomes(answer), ["api completed", "web completed"])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect.each(["api", "web"] as const)(
    "with any reports what %s waits for, although another had ended before",
    (name) =>
      Effect.gen(function* () {
        const both = yield* fakes
        const [before, asking] = name === "api" ? [both.web, both.api] : [both.api, both.web]
        ended(before, "Done before.")
        running(asking)
        asks(asking)
        asking.fail("*", Effect.delay("50 millis"))
        const sessions = [
          { instance: "api", session_id: here },
          { instance: "web", session_id: here },
        ]
        const { text, view } = yield* Fiber.join(yield* waiting({ sessions, until: "any" }))
        assert.deepInclude(view, { waiting_count: 1, ended_count: 1, running_count: 0 })
        assert.include(text, "rm -rf build")
        assert.lengthOf(asking.replies, 0)
      }).pipe(Effect.provide(fleet)),
  )

  it.effect("returns a pending request without deciding it, and says how to have it decided", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      let asked = 0
      const ask: CallValues["ask"] = () => Effect.sync(() => ({ action: asked++ === 0 ? "cancel" : "decline" }))
      const fiber = yield* waiting({ sessions: both, until: "any" }, { canAsk: true, ask })
      asks(api)
      yield* pass(2000)
      const { text, view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcomes({ view }), ["api needs permission", "web still running"])
      assert.deepInclude(view.sessions[0]?.waiting_for?.[0], { kind: "permission", id: permission("1").id })
      assert.include(text, "rm -rf build")
      assert.include(view.next, "wait_for_session for each session that waits")
      assert.deepStrictEqual([asked, api.replies.length], [0, 0])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("with all goes on when a request is decided elsewhere while another session is running", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const fiber = yield* waiting({ sessions: both })
      asks(api)
      yield* pass(2000)
      api.permissions = []
      api.emit(event.replied(permission("1")))
      yield* pass(2000)
      end(web, "Web.")
      yield* pass(2000)
      assert.isUndefined(fiber.pollUnsafe())
      end(api, "Api.")
      yield* pass(2000)
      assert.deepStrictEqual(outcomes(yield* Fiber.join(fiber)), ["api completed", "web completed"])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("without sessions waits for all that are busy now", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      ended(api, "Idle.")
      running(api, ses("other"))
      running(web, ses("other"))
      const fiber = yield* waiting({})
      end(api, "Api.", ses("other"))
      end(web, "Web.", ses("other"))
      yield* pass(2000)
      const { view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcomes({ view }), ["api completed", "web completed"])
      assert.deepStrictEqual([...new Set(view.sessions.map(({ session_id }) => session_id))], [ses("other")])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("without sessions says so if none is busy, and which instance it could not ask", () =>
    Effect.gen(function* () {
      const { web } = yield* fakes
      web.fail("GET /api/session/active", Fault.named(500, "broken"))
      const { text, view } = yield* Fiber.join(yield* waiting({}))
      assert.deepStrictEqual(view.sessions, [])
      assert.include(text, "No session is busy")
      assert.strictEqual(view.unchecked?.[0]?.instance, "web")
      assert.include(text, "Not checked: `web`")
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("reports a session that cannot be followed as an entry of its own", () =>
    Effect.gen(function* () {
      const { api } = yield* fakes
      ended(api, "Done.")
      const sessions = [
        { instance: "api", session_id: here },
        { instance: "api", session_id: "nope" },
        { instance: "nowhere", session_id: "latest" },
        { instance: "web", session_id: here },
      ]
      const { text, view } = yield* Fiber.join(yield* waiting({ sessions }))
      assert.deepStrictEqual(outcomes({ view }), ["api error", "nowhere error", "web error", "api completed"])
      for (const part of ['"nope"', 'no instance "nowhere"', "list_sessions"]) assert.include(text, part)
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("returns within the client's time, with those that still run", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      ended(api, "Done.")
      running(web)
      const fiber = yield* waiting({ sessions: both }, { answerWithin: Duration.seconds(40) })
      yield* pass(43_000)
      const { view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcomes({ view }), ["api completed", "web still running"])
      assert.include(view.next, "Call wait_for_sessions again with the sessions that are still running")
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("returns although an instance does not answer", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      ended(api, "Done.")
      web.fail("*", Fault.hang)
      const fiber = yield* waiting({ sessions: both }, { answerWithin: Duration.seconds(40) })
      yield* pass(60_000)
      const { view } = yield* Fiber.join(fiber)
      assert.strictEqual(view.ended_count, 1)
      assert.lengthOf(view.sessions, 2)
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("reports a session once that was named twice", () =>
    Effect.gen(function* () {
      const { api } = yield* fakes
      ended(api, "Done.")
      const sessions = [
        { instance: "api", session_id: here },
        { instance: "AP", session_id: "Session main" },
      ]
      const { view } = yield* Fiber.join(yield* waiting({ sessions }))
      assert.strictEqual(view.ended_count, 1)
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("reports progress: what has ended, and what the others do", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const { messages, progress } = hearing()
      yield* waiting({ sessions: both }, { wantsProgress: true, progress })
      assert.deepStrictEqual([api.connections.size, web.connections.size], [1, 1])
      yield* pass(16_000)
      end(api, "Done.")
      yield* pass(4000)
      assert.deepStrictEqual(messages, [
        `0 of 2 ended; api/${here} works, web/${here} works`,
        `1 of 2 ended; web/${here} works`,
      ])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("says at once that an instance is lost, and after half a minute that it is unreachable", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const { messages, progress } = hearing()
      const fiber = yield* waiting({ sessions: both, until: "any" }, { wantsProgress: true, progress })
      api.fail("*", Fault.refused)
      api.cut()
      yield* pass(3000)
      assert.deepStrictEqual(messages, [`0 of 2 ended; api/${here} has no contact, web/${here} works`])
      yield* pass(35_000, 100)
      const { view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcomes({ view }), ["api unreachable", "web still running"])
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("says of a running session that there is no contact with its instance", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const fiber = yield* waiting({ sessions: both, until: "any" })
      api.fail("*", Fault.refused)
      api.cut()
      yield* pass(1000)
      end(web, "Web.")
      yield* pass(5000)
      const { view } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(outcomes({ view }), ["web completed", "api still running"])
      assert.include(view.sessions[1]?.detail, "no contact")
    }).pipe(Effect.provide(fleet)),
  )

  it.effect("stops following and nothing else when it is interrupted", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const fiber = yield* waiting({ sessions: both })
      yield* Fiber.interrupt(fiber)
      yield* pass(70_000)
      assert.deepStrictEqual([api.connections.size, web.connections.size], [0, 0])
      assert.deepStrictEqual([...api.aborts, ...web.aborts], [])
    }).pipe(Effect.provide(fleet)),
  )
})
