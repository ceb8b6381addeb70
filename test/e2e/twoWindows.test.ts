/** Two opencode-fleet servers of one user, such as two editor windows, which send to the same sessions of one opencode 1. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { makeRelay, relayIn } from "../support/Executable.ts"
import { makeHoldingProxy } from "../support/holdingProxy.ts"
import { connect } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { startedWith } from "../support/processes.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const window = "TEST_WINDOW"

/** Two MCP clients whose servers have one home. The first one reaches opencode at `port`. */
const twoWindows = Effect.fnUntraced(function* (port?: number) {
  const fs = yield* FileSystem.FileSystem
  const opencode = yield* RealOpencode
  const relay = yield* makeRelay()
  const firstDirectory = `${relay.home}/first`
  yield* fs.makeDirectory(firstDirectory)
  const firstRelay = yield* relayIn(relay.home, firstDirectory)
  yield* relay.register("main", opencode)
  yield* firstRelay.register("main", { ...opencode, port: port ?? opencode.port })
  const id = crypto.randomUUID()
  const first = yield* connect(firstRelay, { variables: { [window]: id } })
  const second = yield* connect(relay)
  const kill = Effect.map(startedWith(window, id), (pids) => {
    assert.lengthOf(pids, 1)
    for (const pid of pids) process.kill(pid, "SIGKILL")
  })
  const claims = fs
    .readDirectory(`${relay.home}/.cache/opencode-fleet/claims`)
    .pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  return { opencode, first, second, kill, claims }
})

layer(RealOpencode.layer(), { excludeTestServices: true })("two servers of one user send to one session", (it) => {
  it.effect("each message gets its own turn, and with if_busy fail one of two is refused", () =>
    Effect.gen(function* () {
      const { claims, first, opencode, second } = yield* twoWindows()
      const session_id = (yield* facts.createSession(opencode, "Both")).id
      const both = <A, E>(send: (client: typeof first) => Effect.Effect<A, E>) =>
        Effect.all([Effect.result(send(first)), Effect.result(send(second))], { concurrency: 2 })
      const turns = yield* both(({ call }) =>
        call(SendMessage, { session_id, message: "tell: one | true", if_busy: "wait" }),
      )
      for (const turn of turns) {
        assert.deepInclude(turn._tag === "Success" ? turn.success : {}, { outcome: "completed" })
        if (turn._tag === "Success") assert.notProperty(turn.success, "answered_message_id")
      }
      // The turn lasts until it is stopped, so the other message always finds it.
      const started = yield* both(({ call }) =>
        call(SendMessage, { session_id, message: "hang:", async: true, if_busy: "fail" }),
      )
      assert.sameMembers(
        started.map(({ _tag }) => _tag),
        ["Success", "Failure"],
      )
      yield* facts.abort(opencode, session_id)
      assert.deepStrictEqual(yield* claims, [])
    }),
  )

  it.effect("the turn of one that is killed in mid-turn is waited for", () =>
    Effect.gen(function* () {
      const { first, kill, opencode, second } = yield* twoWindows()
      const session_id = (yield* facts.createSession(opencode, "Mid-turn")).id
      yield* Effect.forkScoped(Effect.exit(first.call(SendMessage, { session_id, message: "slow: 30" })))
      yield* facts.status(opencode, session_id).pipe(eventually((status) => status === "busy"))
      const next = yield* Effect.forkScoped(
        second.call(SendMessage, { session_id, message: "say:after", if_busy: "wait" }),
      )
      yield* kill
      assert.deepInclude(yield* Fiber.join(next), { outcome: "completed", text: "after" })
      const texts = JSON.stringify(yield* facts.texts(opencode, session_id))
      assert.include(texts, "tick 30")
      assert.isAbove(texts.indexOf("after"), texts.indexOf("tick 30"))
    }),
  )

  it.effect("one that is killed between its claim and its turn does not hold up the other", () =>
    Effect.gen(function* () {
      const proxy = yield* makeHoldingProxy(yield* RealOpencode, /^POST \/session\/[^/]+\/prompt_async/u)
      const { claims, first, kill, opencode, second } = yield* twoWindows(proxy.port)
      const session_id = (yield* facts.createSession(opencode, "Claimed")).id
      yield* Effect.forkScoped(Effect.exit(first.call(SendMessage, { session_id, message: "say:lost" })))
      yield* proxy.held.pipe(eventually((count) => count > 0))
      assert.deepStrictEqual(yield* claims, [`${session_id}.claim`])
      const refused = yield* Effect.flip(second.call(SendMessage, { session_id, message: "say:no", if_busy: "fail" }))
      assert.include(refused.text, "busy")
      yield* kill
      const turn = yield* second.call(SendMessage, { session_id, message: "say:next", if_busy: "wait" })
      assert.deepInclude(turn, { outcome: "completed", text: "next" })
      assert.deepStrictEqual(yield* claims, [])
      assert.notInclude(JSON.stringify(yield* facts.texts(opencode, session_id)), "lost")
    }),
  )
})
