/** Prompts, the inbox, and the events of a turn. */
import { assert } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { freshMessageId } from "../../../src/opencode/Identifiers.ts"
import * as facts from "../opencode2Facts.ts"
import { within } from "../patience.ts"
import { asked, type Case, newSession, prompt, turn } from "./Server2.ts"

export const prompts: ReadonlyArray<Case> = [
  [
    "a prompt whose id is repeated runs once",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession("Once")
      const messageID = yield* prompt(id, "slow: 5")
      yield* opencode.prompt(id, { messageID, text: "slow: 5" })
      yield* server.settle(id)
      assert.lengthOf((yield* opencode.messages(id, { limit: 50 })).messages, 2)
    }),
  ],
  [
    "queues a prompt to a busy session, and answers it afterwards",
    Effect.gen(function* () {
      const { server } = yield* asked
      const { id } = yield* newSession("Queue")
      yield* prompt(id, "slow: 5")
      const second = yield* prompt(id, "say:second")
      assert.deepStrictEqual(yield* facts.inbox(server, id), [second])
      yield* server.settle(id)
      assert.deepStrictEqual(yield* facts.inbox(server, id), [])
      const said = yield* facts.conversation(server, id)
      assert.deepStrictEqual(said.slice(-3), ["say:second", "second", "[idle]"])
    }),
  ],
  [
    "keeps a queued prompt when the turn is interrupted, and takes it along with the next one",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession("Parked")
      yield* prompt(id, "slow: 600")
      const parked = yield* prompt(id, "say:parked")
      yield* opencode.abort(id)
      yield* server.settle(id)
      assert.deepStrictEqual(yield* facts.inbox(server, id), [parked])
      yield* turn(id, "say:next")
      assert.deepStrictEqual(yield* facts.inbox(server, id), [])
      const said = yield* facts.conversation(server, id)
      assert.includeMembers([...said], ["parked", "next"])
    }),
  ],
  [
    "refuses an unknown agent and an unknown model before the prompt, and takes known ones",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession("Chosen")
      const send = (chosen: { readonly agent?: string; readonly model?: string }) =>
        Effect.flatMap(freshMessageId, (messageID) => opencode.prompt(id, { messageID, text: "hello", ...chosen }))
      for (const chosen of [{ agent: "nobody" }, { model: "scripted/unknown" }]) {
        const error = yield* Effect.flip(send(chosen))
        assert.strictEqual(error._tag, "OpencodeError")
        assert.include(error.message, "not found")
      }
      assert.deepStrictEqual(yield* facts.inbox(server, id), [])
      yield* send({ agent: "plan", model: "scripted/scripted" })
      yield* server.settle(id)
      const { messages } = yield* opencode.messages(id, { limit: 50 })
      assert.deepInclude(messages.at(-1)?.info, { agent: "plan", model: "scripted/scripted" })
    }),
  ],
  [
    "sends the events of a turn",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession("Events")
      const events = yield* opencode.events
      const run = Effect.orDie(Effect.andThen(prompt(id, "hello"), server.settle(id)))
      const types = yield* events.pipe(
        Stream.tap(({ _tag }) => (_tag === "Connected" ? run : Effect.void)),
        Stream.takeUntil(
          (event) => event._tag === "StatusChanged" && event.status.type === "idle" && event.sessionID === id,
        ),
        Stream.map(({ _tag }) => _tag),
        Stream.runCollect,
        within("the event that the session is idle"),
      )
      for (const type of ["StatusChanged", "MessageChanged", "PartChanged", "TextDelta"] as const) {
        assert.include([...types], type)
      }
      assert.notInclude([...types], "SessionStale")
    }),
  ],
]
