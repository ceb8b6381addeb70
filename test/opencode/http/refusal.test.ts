/** The words of an error, whatever the shape of its body, with both versions and the next step of both surfaces. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { errorText as terminalText } from "../../../src/cli/process/errorText.ts"
import * as HttpTransport from "../../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import { retryAfterOf } from "../../../src/opencode/http/refusal.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { here } from "../../../src/testing/samples.ts"
import { errorText as mcpText } from "../../../src/tools/shared/errorText.ts"
import { target } from "../../support/overFake.ts"
import { answering, rawHttp } from "../../support/rawHttp.ts"

const versions = [
  ["opencode 1", OpencodeV1.layer.pipe(Layer.provide(HttpTransport.layer))],
  ["opencode 2", OpencodeV2.layer.pipe(Layer.provide(HttpTransport.layer))],
] as const

const json = "application/json"
const page = "<!doctype html><html><head><title>Quota\n exceeded</title></head><body>…</body></html>"

const bodies: ReadonlyArray<readonly [string, string, string]> = [
  ["opencode 1's", json, JSON.stringify({ name: "QuotaError", data: { message: "Quota exceeded" } })],
  ["opencode 2's", json, JSON.stringify({ _tag: "QuotaError", message: "Quota exceeded" })],
  ["a service's", json, JSON.stringify({ code: "quota", message: "Quota exceeded" })],
  ["a proxy's JSON", "application/problem+json", JSON.stringify({ error: { message: "Quota exceeded" } })],
  ["a plain text", "text/plain", "Quota exceeded\n"],
  ["a web page", "text/html; charset=utf-8", page],
  ["text with escape sequences", "text/plain", "Quota\u001B[31m \u202Eexceeded"],
]

const statuses = [400, 403, 409, 413, 429, 500, 502, 503, 504]

const failing = Effect.fnUntraced(function* (status: number, body: string, type: string, headers = {}) {
  const { url } = yield* rawHttp(() => answering(body, { status, type, headers: { "retry-after": "7", ...headers } }))
  return yield* Effect.flip((yield* OpencodeClient).at({ ...target, url }).abort(here))
})

describe.each(versions)("An error of %s", (_name, client) => {
  it.live.each(statuses.flatMap((status) => bodies.map((body) => [status, ...body] as const)))(
    "%i keeps the words of %s, and has a next step",
    ([status, , type, body]) =>
      Effect.gen(function* () {
        const error = yield* failing(status, body, type)
        assert.include(error.message, "Quota")
        assert.include(error.message, "exceeded")
        assert.include(error.message, String(status))
        assert.notInclude(error.message, "\u001B")
        assert.notInclude(error.message, "\u202E")
        assert.isAbove(mcpText(error).length, error.message.length)
        assert.isAbove(terminalText(error).length, error.message.length)
        if (status === 429) assert.include(mcpText(error), "in 7 s")
      }).pipe(Effect.provide(client)),
  )

  it.live("that has no reason says so", () =>
    Effect.gen(function* () {
      assert.include((yield* failing(500, "", json)).message, "without a reason")
    }).pipe(Effect.provide(client)),
  )
})

describe("An error of a broken configuration", () => {
  it.live("names the file and what is wrong with it", () =>
    Effect.gen(function* () {
      const data = { path: "/work/opencode.json", issues: [{ message: "Unknown key: modle" }] }
      const error = yield* failing(500, JSON.stringify({ name: "ConfigInvalidError", data }), json)
      assert.include(error.message, "/work/opencode.json")
      assert.include(error.message, "Unknown key: modle")
    }).pipe(Effect.provide(versions[0][1])),
  )
})

describe("retry-after", () => {
  it.each([
    ["120", 120],
    ["Sun, 29 Nov 2026 00:00:30 GMT", 30],
    ["Sat, 28 Nov 2026 00:00:00 GMT", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("%s is %s seconds", (header, seconds) => {
    assert.strictEqual(retryAfterOf(header, Date.parse("2026-11-29T00:00:00Z")), seconds)
  })
})
