/** Sessions, their messages and their status. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { SessionId } from "../../../src/opencode/Identifiers.ts"
import * as facts from "../opencode2Facts.ts"
import { asked, type Case, newSession, prompt, raw, turn } from "./Server2.ts"

export const sessions: ReadonlyArray<Case> = [
  [
    "creates, lists and reads sessions, and reports a missing one",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession('Title with "quotes" & ünïcode')
      const { directory } = server
      assert.deepInclude(yield* opencode.session(id), { id, title: 'Title with "quotes" & ünïcode', directory })
      assert.deepStrictEqual(
        (yield* opencode.sessions).map((session) => session.id as string),
        yield* facts.sessions(server),
      )
      assert.lengthOf(yield* opencode.newestSessions(1), 1)
      const missing = yield* Effect.flip(opencode.session(SessionId.make("ses_doesNotExist")))
      assert.strictEqual(missing._tag, "SessionNotFound")
      assert.notStrictEqual((yield* opencode.createSession({})).title, "")
      const refused = yield* Effect.flip(opencode.createSession({ directory: `${directory}/gone` }))
      assert.deepInclude(refused, { _tag: "DirectoryNotFound", directory: `${directory}/gone` })
    }),
  ],
  [
    "reads messages in pages that are neither short nor without their prompts",
    Effect.gen(function* () {
      const { opencode } = yield* asked
      const { id } = yield* newSession("Pages")
      const prompts = [yield* turn(id, "say:one"), yield* turn(id, "say:two"), yield* turn(id, "say:three")]
      const parents: Array<string> = []
      const texts: Array<string> = []
      let before: string | undefined
      do {
        const page = yield* opencode.messages(id, { limit: 1, ...(before === undefined ? {} : { before }) })
        for (const { info, parts } of page.messages) {
          if (info.role === "assistant") parents.unshift(info.parentID)
          texts.unshift(parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(""))
        }
        before = page.older
      } while (before !== undefined)
      assert.deepStrictEqual(texts, ["say:one", "one", "say:two", "two", "say:three", "three"])
      assert.deepStrictEqual(parents, prompts)
      const whole = yield* opencode.messages(id, { limit: 200 })
      assert.lengthOf(whole.messages, 6)
      assert.isUndefined(whole.older)
      const answer = whole.messages[3]
      assert.isDefined(answer)
      assert.deepStrictEqual(yield* opencode.message(id, answer.info.id), answer)
    }),
  ],
  [
    "keeps a session awake without changing its metadata",
    Effect.gen(function* () {
      const { opencode } = yield* asked
      const { id } = yield* newSession("Awake")
      yield* raw(`PATCH /api/session/${id}`, { body: { metadata: { own: ["kept"] } } })
      yield* opencode.keepAwake(id)
      assert.include((yield* raw(`GET /api/session/${id}`)).text, '"metadata":{"own":["kept"]}')
    }),
  ],
  [
    "reads the status of all directories, and says whether an abort stopped anything",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      const { id } = yield* newSession("Aborted")
      yield* prompt(id, "slow: 600")
      assert.strictEqual((yield* opencode.statuses("/another")).get(id)?.type, "busy")
      assert.deepStrictEqual(yield* opencode.abort(id), { wasRunning: true })
      yield* server.settle(id)
      assert.isUndefined((yield* opencode.statuses("/another")).get(id))
      assert.deepStrictEqual(yield* opencode.abort(id), { wasRunning: false })
      const last = (yield* opencode.messages(id, { limit: 1 })).messages.at(-1)?.info
      assert.strictEqual(last?.role === "assistant" ? last.error?.kind : undefined, "aborted")
    }),
  ],
]
