/** How turns of the background service of opencode 2 end when the service stops, restarts, or works in the background. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer } from "effect"
import { SessionId } from "../../src/opencode/Identifiers.ts"
import { refusal, settle } from "../../src/opencode/requests/decision.ts"
import { pendingRequestsOf } from "../../src/opencode/requests/pendingRequests.ts"
import { detailedActivities } from "../../src/opencode/sessions/activity.ts"
import * as Turn from "../../src/opencode/turn/Turn.ts"
import { abortTurn } from "../../src/opencode/turns/abortTurn.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencode2Facts.ts"
import { RealService, type Service, withVersion } from "../support/RealService.ts"
import { withOpencode2 } from "../support/requirements.ts"
import { newSession, turnServices } from "../support/turnsOnOpencode2.ts"
import { patience } from "../support/patience.ts"

/** Asks before one command only. */
const permission = { "*": "allow", bash: { "*": "allow", "echo refused*": "ask" } }

const everything = turnServices.pipe(Layer.provideMerge(RealService.layer({ config: { permission } })))

const scene = Effect.gen(function* () {
  const service = yield* RealService
  const made = yield* newSession({ ...service, title: "Endings", timeout: patience })
  const follow = made.turns.follow(made.target, made.session, { timeout: patience })
  return { ...made, service, follow }
})

/** What happens to the service, prepared before the turn. */
const ways = {
  restarted: Effect.succeed((service: Service) => service.restart),
  "killed and started": Effect.succeed((service: Service) => Effect.andThen(service.kill, service.start())),
  "replaced by another version": Effect.map(
    withVersion("2.0.16"),
    (binary) => (service: Service) => service.opencode(["service", "restart"], binary),
  ),
}

withOpencode2("a turn of the service of opencode 2", () => {
  layer(everything, { excludeTestServices: true })((it) => {
    it.effect.each(["restarted", "killed and started", "replaced by another version"] as const)(
      "is one turn with one outcome, although the service is %s in the middle of it",
      (way) =>
        Effect.gen(function* () {
          const { follow, send, service, session } = yield* scene
          const happen = yield* ways[way]
          const sending = yield* Effect.forkChild(send("hang:"))
          yield* facts.conversation(service, session.id).pipe(eventually((said) => said.length > 1))
          yield* happen(service)
          assert.strictEqual(
            (yield* service.registered).version,
            way === "replaced by another version" ? "2.0.16" : "2.0.15",
          )
          const { outcome, turn } = yield* Fiber.join(sending)
          assert.deepStrictEqual(outcome, {
            _tag: "completed",
            detail: "opencode was restarted during the turn and continued it",
          })
          assert.include(Turn.text(turn), "Echo: The server restarted while you were working.")
          const again = yield* follow
          assert.deepStrictEqual(again.outcome, outcome)
          assert.strictEqual(again.turn.prompt, turn.prompt)
        }),
    )

    it.effect("stays refused, in another process and after a restart of the service", () =>
      Effect.gen(function* () {
        const { follow, opencode, send, service, session } = yield* scene
        const elsewhere = yield* Effect.provide(scene, yield* Layer.build(Layer.fresh(turnServices)))
        const waiting = yield* send("run: echo refused")
        assert.strictEqual(waiting.outcome._tag, "needs permission")
        const watching = yield* Effect.forkChild(
          elsewhere.turns.follow(elsewhere.target, session, { timeout: patience, decide: () => Effect.never }),
        )
        const [pending] = yield* pendingRequestsOf(opencode, session)
        assert.isDefined(pending)
        if (pending === undefined) return
        yield* settle(opencode, session, refusal(pending))
        const rejected: Turn.Outcome = { _tag: "rejected", detail: "shell: The user rejected this tool call" }
        assert.deepStrictEqual((yield* follow).outcome, rejected)
        assert.deepStrictEqual((yield* Fiber.join(watching)).outcome, rejected)
        yield* service.restart
        const { outcome } = yield* elsewhere.turns.follow(elsewhere.target, session, { timeout: patience })
        assert.deepStrictEqual(outcome, rejected)
        assert.isFalse(yield* facts.isActive(service, session.id))
      }),
    )

    it.effect("that waits for a retry is shown with the reason and the time, without any event", () =>
      Effect.gen(function* () {
        const { follow, opencode, service, session } = yield* scene
        yield* facts.prompt(service, session.id, "fail: 500 60000")
        const status = Effect.map(detailedActivities(opencode, [session]), (all) => all.get(session.id)?.status)
        const retry = yield* status.pipe(eventually((found) => found?.type === "retry"))
        assert.include(retry?.type === "retry" ? retry.message : "", "scripted failure")
        assert.isAbove(retry?.type === "retry" ? retry.next : 0, session.time.created)
        yield* abortTurn(opencode, session)
        assert.deepStrictEqual((yield* follow).outcome, { _tag: "aborted" })
      }),
    )

    it.effect("cannot start in a directory that is missing, which the error names", () =>
      Effect.gen(function* () {
        const { opencode, service, target, turns } = yield* scene
        const directory = `${service.directory}/gone`
        const { id } = yield* facts.createSession({ ...service, directory })
        const session = yield* opencode.session(SessionId.make(id))
        const send = turns.send(target, session, { text: "say:hello", ifBusy: "wait", timeout: patience })
        assert.deepInclude(yield* Effect.flip(send), { _tag: "DirectoryNotFound", directory })
        assert.deepStrictEqual(yield* facts.conversation(service, id), [])
      }),
    )

    it.effect(
      "goes on in a directory that was deleted after opencode has loaded it, but no new session is created there",
      () =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const { opencode, service, target, turns } = yield* scene
          const directory = `${service.home}/deleted`
          yield* fs.makeDirectory(directory)
          const session = yield* opencode.createSession({ title: "Deleted", directory })
          const send = (text: string) => turns.send(target, session, { text, ifBusy: "wait", timeout: patience })
          assert.deepStrictEqual((yield* send("say:hello")).outcome, { _tag: "completed" })
          yield* fs.remove(directory, { recursive: true })
          assert.isFalse(yield* opencode.hasDirectory(directory))
          const refused = yield* Effect.flip(opencode.createSession({ directory }))
          assert.deepInclude(refused, { _tag: "DirectoryNotFound", directory })
          assert.deepStrictEqual((yield* send("say:again")).outcome, { _tag: "completed" })
        }),
    )

    it.effect("is over while its work goes on in the background, whose end is a turn of its own", () =>
      Effect.gen(function* () {
        const { follow, opencode, send, service, session } = yield* scene
        const { outcome, turn } = yield* send("later: sleep 2; echo from-behind")
        assert.include(outcome._tag === "completed" ? outcome.detail : "", "left work in the background (shell)")
        yield* facts
          .conversation(service, session.id)
          .pipe(eventually((said) => said.at(-1) === "[idle]" && said.length > 6))
        const next = yield* follow
        assert.deepStrictEqual(next.outcome, { _tag: "completed" })
        assert.notStrictEqual(next.turn.prompt, turn.prompt)
        assert.include(Turn.text(next.turn), "from-behind")
        const { messages } = yield* opencode.messages(session.id, { limit: 1 })
        assert.strictEqual(messages[0]?.info.role === "assistant" ? messages[0].info.parentID : "", next.turn.prompt)
      }),
    )
  })
})
