/**
 * Calls whose request takes effect in a real opencode and whose answer is lost. The suite of `test/faults` tries each call with
 * every loss; here each is tried with two, because a turn takes a while.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { AnswerQuestion, RespondPermission } from "../../src/tools/requests/RequestTools.ts"
import { CreateSession } from "../../src/tools/sessions/SessionTools.ts"
import { AbortSession, SendMessage, WaitForSession } from "../../src/tools/turns/TurnTools.ts"
import type { Loss } from "./FaultProxy.ts"
import { eventually } from "./eventually.ts"
import * as facts from "./facts.ts"
import type { RealOpencode } from "./RealOpencode.ts"
import { makeSession, promptRequest, type throughProxy } from "./throughProxy.ts"

type Opencode = RealOpencode["Service"]
type Scene = Effect.Success<ReturnType<typeof throughProxy>>

const creation = /^POST (?:\/api)?\/session(?:\?|$)/u
const stop = /^POST (?:\/api)?\/session\/[^/]+\/(?:abort|interrupt)/u
const reply = /^POST .*\/reply(?:\?|$)/u

/** Makes the call with each loss of the answer to the request, and checks how often the request was sent. */
const withEachLoss = <A, E, R>(
  losses: ReadonlyArray<Loss>,
  { proxy }: Scene,
  request: RegExp,
  call: (loss: string) => Effect.Effect<A, E, R>,
  check: (loss: string, result: A, sent: number) => Effect.Effect<void, never, R>,
) =>
  Effect.forEach(
    losses,
    Effect.fnUntraced(function* (loss) {
      const before = (yield* proxy.requests).length
      const lost = yield* proxy.loseAnswer(request, loss)
      const result = yield* call(String(loss))
      yield* lost
      const sent = (yield* proxy.requests).slice(before).filter((each) => request.test(each)).length
      yield* check(String(loss), result, sent)
    }),
    { discard: true },
  )

/** opencode 2 takes an id of ours, which makes repeated requests one. */
const sentOnce = ({ api }: Opencode, sent: number) => assert.isAtMost(sent, api === 1 ? 1 : 2)

export const createSessions = (opencode: Opencode, scene: Scene) =>
  withEachLoss(
    ["before it", 504],
    scene,
    creation,
    (loss) => scene.client.call(CreateSession, { title: `Created ${loss}` }),
    Effect.fnUntraced(function* (_loss, { session }, sent) {
      const all = yield* facts.sessions(opencode)
      assert.deepStrictEqual(
        all.filter(({ title }) => title === session.title).map(({ id }) => id),
        [session.session_id],
      )
      sentOnce(opencode, sent)
    }),
  )

export const sendMessages = (opencode: Opencode, scene: Scene) => {
  const { client, session } = scene
  return withEachLoss(
    ["in it", 502],
    scene,
    promptRequest,
    (loss) => client.call(SendMessage, { session_id: session.id, message: `say:answer ${loss}` }),
    Effect.fnUntraced(function* (loss, { outcome, text }, sent) {
      assert.deepStrictEqual([outcome, text], ["completed", `answer ${loss}`])
      const stored = (yield* session.texts).filter((each) => each.endsWith(`answer ${loss}`))
      assert.deepStrictEqual(stored, [`say:answer ${loss}`, `answer ${loss}`])
      sentOnce(opencode, sent)
    }),
  )
}

/** A permission and a question. */
export const decide = (_opencode: Opencode, scene: Scene) => {
  const { client, session } = scene
  const deciding = (
    losses: ReadonlyArray<Loss>,
    message: string,
    decision: Effect.Effect<{ outcome: string; text: string }, unknown>,
    says: string,
  ) =>
    withEachLoss(
      losses,
      scene,
      reply,
      () =>
        Effect.gen(function* () {
          yield* client.call(SendMessage, { session_id: session.id, message })
          return yield* decision
        }),
      (_loss, { outcome, text }, sent) =>
        Effect.sync(() => {
          assert.strictEqual(outcome, "completed")
          assert.include(text, says)
          assert.strictEqual(sent, 1)
        }),
    )
  const session_id = session.id
  return Effect.all([
    deciding(
      ["before it", 502],
      "run: echo $((40 + 2))",
      client.call(RespondPermission, { session_id, response: "once" }),
      "Done: 42",
    ),
    deciding(
      ["in it"],
      "ask: Which? | Red | Blue",
      client.call(AnswerQuestion, { session_id, answers: [["Blue"]] }),
      "Blue",
    ),
  ])
}

export const stopTurns = (opencode: Opencode, scene: Scene) =>
  withEachLoss(
    ["before it", 502],
    scene,
    stop,
    (loss) =>
      Effect.gen(function* () {
        const { id, status } = yield* makeSession(opencode, `Stopped, answer lost ${loss}`)
        yield* facts.prompt(opencode, id, "slow: 600")
        yield* status.pipe(eventually((each) => each !== "idle"))
        const stopped = yield* scene.client.call(AbortSession, { session_id: id })
        return { stopped, status: yield* status, session_id: id }
      }),
    Effect.fnUntraced(function* (_loss, { session_id, status, stopped }, sent) {
      assert.deepInclude(stopped, { was_running: true, final: true })
      assert.strictEqual(status, "idle")
      assert.strictEqual((yield* Effect.orDie(scene.client.call(WaitForSession, { session_id }))).outcome, "aborted")
      assert.strictEqual(sent, 1)
    }),
  )
