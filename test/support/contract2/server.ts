/** The server itself: identification, protection, errors, and the form of its answers. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import { eventually } from "../eventually.ts"
import { asked, type Case, newSession, raw, Server2, turn } from "./Server2.ts"

export const server: ReadonlyArray<Case> = [
  [
    "reads health, location, agents and models",
    Effect.gen(function* () {
      const { opencode, server } = yield* asked
      assert.deepStrictEqual(yield* opencode.health(3000), { healthy: true, version: "2.0.15", api: 2 })
      const { directory } = server
      assert.deepStrictEqual(yield* opencode.location(3000), { directory, worktree: directory })
      assert.strictEqual(yield* opencode.directory, directory)
      assert.match((yield* opencode.machineMark(3000)) ?? "", /^\d+$/)
      assert.isTrue(yield* opencode.inGit(directory))
      assert.deepStrictEqual([...(yield* opencode.agents(directory))].sort(), ["build", "plan"])
      // Before opencode has read its configuration, it answers with no models, and then with those of its own provider.
      yield* opencode.models(directory).pipe(eventually((models) => models.join() === "scripted/scripted"))
    }),
  ],
  [
    "refuses requests without its password, whatever their route",
    Effect.gen(function* () {
      const { url } = yield* Server2
      const target = { instance: "main", url, credentials: undefined }
      const error = yield* Effect.flip((yield* OpencodeClient).at(target).health(3000))
      assert.deepInclude(error, { _tag: "Unauthorized", isOpencode: true })
      for (const request of ["GET /api/info", "GET /api/session", "GET /api/nothing", "POST /api/session"]) {
        const { headers, status, text } = yield* raw(request, { credentials: false })
        assert.deepStrictEqual([status, text], [401, ""], request)
        assert.strictEqual(headers.get("www-authenticate"), 'Basic realm="Secure Area"')
      }
    }),
  ],
  [
    "answers routes that it does not have with its web page, 405 or 404",
    Effect.gen(function* () {
      for (const request of ["GET /", "GET /global/health", "GET /session/status"]) {
        const { headers, status } = yield* raw(request, { credentials: false })
        assert.strictEqual(status, 200, request)
        assert.include(headers.get("content-type"), "text/html")
      }
      const other = yield* raw("POST /session/ses_1/prompt_async", { body: {}, credentials: false })
      assert.deepStrictEqual([other.status, other.text], [405, ""])
      const unknown = yield* raw("GET /api/nothing")
      assert.deepStrictEqual([unknown.status, unknown.text], [404, ""])
    }),
  ],
  [
    "names the length of its answers",
    Effect.gen(function* () {
      for (const path of ["/api/info", "/api/session", "/api/session/active", "/api/session/ses_none"]) {
        const { headers, text } = yield* raw(`GET ${path}`)
        assert.strictEqual(headers.get("content-length"), String(Buffer.byteLength(text)), path)
        assert.isNull(headers.get("transfer-encoding"))
      }
    }),
  ],
  [
    "explains with a tag why it refuses a request",
    Effect.gen(function* () {
      const { id } = yield* newSession("Refusals")
      const other = yield* newSession("Other")
      const messageID = yield* turn(id, "say:one")
      const entries = `/api/session/${id}/message`
      const answer = (yield* (yield* asked).opencode.messages(id, { limit: 1 })).messages[0]?.info.id
      const again = { id: messageID, text: "say:two", delivery: "queue" }
      const reply = { decision: "once" }
      for (const [request, status, tag, body] of [
        ["GET /api/session/ses_none", 404, "SessionNotFoundError"],
        ["POST /api/session/ses_none/interrupt", 404, "SessionNotFoundError"],
        [`GET ${entries}/msg_none`, 404, "MessageNotFoundError"],
        [`GET ${entries}?limit=201`, 400, "InvalidRequestError"],
        [`GET /api/session/${id}/diff?from=${answer}`, 400, "InvalidRequestError"],
        [`POST /api/session/${other.id}/prompt`, 409, "ConflictError", again],
        [`POST /api/session/${id}/permission/per_none/reply`, 404, "PermissionNotFoundError", reply],
        [`POST /api/session/${id}/form/frm_none/reply`, 404, "FormNotFoundError", { answer: {} }],
      ] as const) {
        const got = yield* raw(request, body === undefined ? {} : { body })
        assert.deepStrictEqual([request, got.status, got.tag], [request, status, tag])
      }
    }),
  ],
]
