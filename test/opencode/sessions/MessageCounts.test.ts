/** Counts of messages: when one is known, what is counted in the background, and what outlives the process. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Scope } from "effect"
import { CacheFiles } from "../../../src/machine/CacheFiles.ts"
import { MessageCounts } from "../../../src/opencode/sessions/MessageCounts.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { here, msg, session, user } from "../../../src/testing/samples.ts"
import { makeMemoryFiles } from "../../support/memoryFiles.ts"
import { overFake, pass, target } from "../../support/overFake.ts"

const messagesRoute = `GET /session/${here}/message`

/** Three messages, counted in the background by one process, which then ends. */
const countedBy = (files: Map<string, string>) =>
  Effect.gen(function* () {
    const fake = yield* FakeOpencode
    fake.sessions = [session("main")]
    for (const id of ["1", "2", "3"]) fake.store(here, user(msg(id), id))
    const counts = yield* MessageCounts
    yield* Effect.asVoid(counts.countLater(target, [session("main")]))
    yield* pass(500)
    assert.deepStrictEqual(yield* counts.known(session("main")), { count: 3, more: false })
  }).pipe(Effect.provide(Layer.fresh(overFake).pipe(Layer.provide(Layer.succeed(CacheFiles, makeMemoryFiles(files))))))

const knownTo = (files: Map<string, string>, one = session("main")) =>
  Effect.gen(function* () {
    const known = yield* (yield* MessageCounts).known(one)
    assert.strictEqual((yield* FakeOpencode).count(messagesRoute), 0)
    return known
  }).pipe(Effect.provide(Layer.fresh(overFake).pipe(Layer.provide(Layer.succeed(CacheFiles, makeMemoryFiles(files))))))

describe("MessageCounts", () => {
  it.effect("are known to the next process, until the session changes", () =>
    Effect.gen(function* () {
      const files = new Map<string, string>()
      yield* countedBy(files)
      assert.deepStrictEqual(yield* knownTo(files), { count: 3, more: false })
      assert.isUndefined(yield* knownTo(files, session("main", { time: { created: 1000, updated: 2001 } })))
      // opencode 2 reports the end of a turn there.
      assert.isUndefined(yield* knownTo(files, session("main", { time: { created: 1000, updated: 2000, idle: 2100 } })))
    }),
  )

  it.effect("of another process are kept", () =>
    Effect.gen(function* () {
      const files = new Map([["message-counts.json", '{"ses_other":[2000,0,7,false],"ses_main":[1000,0,1,false]}']])
      yield* countedBy(files)
      assert.deepStrictEqual(yield* knownTo(files), { count: 3, more: false })
      assert.deepStrictEqual(yield* knownTo(files, session("other")), { count: 7, more: false })
    }),
  )

  it.effect("are not older than those that another process has stored since", () =>
    Effect.gen(function* () {
      const files = new Map([["message-counts.json", '{"ses_main":[9000,0,20,false]}']])
      yield* countedBy(files)
      const later = session("main", { time: { created: 1000, updated: 9000 } })
      assert.deepStrictEqual(yield* knownTo(files, later), { count: 20, more: false })
    }),
  )

  it.effect.each(["", "{", "[]", '{"ses_main":3}', '{"ses_main":[2000,0,-1.5,false]}'])(
    "are counted if the file holds %j",
    (content) =>
      Effect.gen(function* () {
        const files = new Map([["message-counts.json", content]])
        assert.isUndefined(yield* knownTo(files))
        yield* countedBy(files)
        assert.deepStrictEqual(yield* knownTo(files), { count: 3, more: false })
      }),
  )

  it.effect("end after half a megabyte of a session: the rest of long messages is not read", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.sessions = [session("main")]
      for (let id = 1; id <= 100; id++) fake.store(here, user(msg(String(id)), "x".repeat(20_000)))
      const counts = yield* MessageCounts
      assert.deepStrictEqual(yield* counts.count(target, session("main"), false), { count: 40, more: true })
      assert.strictEqual(fake.count(messagesRoute), 2)
    }).pipe(Effect.provide(overFake)),
  )

  it.effect("are counted once, of at most twenty sessions of a call", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const counts = yield* MessageCounts
      const sessions = Array.from({ length: 30 }, (_, index) => session(`many${index}`))
      fake.sessions = sessions
      const counted = yield* counts.countLater(target, sessions)
      yield* Effect.asVoid(counts.countLater(target, sessions))
      const scope = yield* Scope.make()
      yield* Effect.forkIn(counted, scope)
      yield* pass(2000)
      const routes = fake.requests.filter(({ route }) => route.endsWith("/message"))
      assert.strictEqual(routes.length, 20)
    }).pipe(Effect.provide(overFake)),
  )
})
