/** Pages of a conversation of opencode 2. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { assistant, done, here, msg, session, textPart, user } from "../../../src/testing/samples.ts"
import { overFake2, target2 } from "../../support/overFake2.ts"

const turns = 20

const scene = Effect.gen(function* () {
  const fake = yield* FakeOpencode
  fake.sessions = [session("main")]
  for (let number = 1; number <= turns; number++) {
    const [prompt, answer] = [msg(`${number}a`), msg(`${number}b`)]
    const time = { created: number * 10_000, completed: number * 10_000 + 100 }
    fake.store(here, { ...user(prompt), info: { ...user(prompt).info, time: { created: number * 10_000 - 1 } } })
    fake.store(here, { info: assistant(answer, prompt, { ...done(), time }), parts: [textPart(answer, "Done")] })
  }
  return { fake, opencode: (yield* OpencodeClient).at(yield* target2) }
})

const route = `GET /api/session/${here}/message`

describe("The messages of opencode 2 before one of a page", () => {
  it.effect("are named by a cursor, for one further request, without a gap", () =>
    Effect.gen(function* () {
      const { fake, opencode } = yield* scene
      const page = yield* opencode.messages(here, { limit: 25 })
      for (const index of [0, 1, 7, page.messages.length - 1]) {
        const message = page.messages[index]
        if (message === undefined) return assert.fail("the page is too short")
        const asked = fake.count(route)
        const before = yield* page.olderThan(message)
        assert.strictEqual(fake.count(route), asked + 1)
        const older = yield* opencode.messages(here, { limit: 10, ...(before === undefined ? {} : { before }) })
        const all = (yield* opencode.messages(here, { limit: 100 })).messages.map(({ info }) => info.id)
        assert.strictEqual(older.messages.at(-1)?.info.id, all[all.indexOf(message.info.id) - 1])
      }
    }).pipe(Effect.provide(overFake2)),
  )
})
