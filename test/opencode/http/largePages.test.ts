/** Pages of messages that are too large to be held in memory at once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as HttpTransport from "../../../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../../../src/opencode/v1/OpencodeV1.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"
import { here, msg, user } from "../../../src/testing/samples.ts"
import { target } from "../../support/overFake.ts"
import { answering, answeringJson, rawHttp } from "../../support/rawHttp.ts"

const names = ["1", "2", "3", "4", "5"]

const MiB = 1024 * 1024

const text = (bytes: number) => "x".repeat(bytes)

/** What a session of both versions answers: the messages before the cursor, which is the number of newer ones. */
const pageOf = (path: string) => {
  const { searchParams } = new URL(path, "http://127.0.0.1")
  const skipped = Number(searchParams.get("before") ?? searchParams.get("cursor") ?? 0)
  const limit = Number(searchParams.get("limit"))
  const end = Math.max(0, names.length - skipped)
  const start = Math.max(0, end - limit)
  return { limit, page: names.slice(start, end), next: start === 0 ? undefined : String(skipped + limit) }
}

const versions = [
  [
    "opencode 1",
    OpencodeV1.layer.pipe(Layer.provide(HttpTransport.layer)),
    (path: string, bytesOf: (name: string) => number) => {
      const { next, page } = pageOf(path)
      const messages = page.map((name) => user(msg(name), text(bytesOf(name))))
      return answeringJson(messages, next === undefined ? {} : { headers: { "x-next-cursor": next } })
    },
  ],
  [
    "opencode 2",
    OpencodeV2.layer.pipe(Layer.provide(HttpTransport.layer)),
    (path: string, bytesOf: (name: string) => number) => {
      const { next, page } = pageOf(path)
      const data = page.map((name) => ({
        type: "user",
        id: msg(name),
        time: { created: Number(name) },
        text: text(bytesOf(name)),
      }))
      return answeringJson({ data: data.toReversed(), cursor: next === undefined ? {} : { next } })
    },
  ],
] as const

describe("A page of messages that is too large", () => {
  it.live.each(versions)("is read in smaller ones, in order (%s)", ([, layer, answer]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* rawHttp(({ path }) =>
        path.includes("/message") ? answer(path, () => 5 * MiB) : answering("{}", { status: 404 }),
      )
      const opencode = (yield* OpencodeClient).at({ ...target, url })
      const { messages } = yield* opencode.messages(here, { limit: 5 })
      assert.deepStrictEqual(
        messages.map(({ info }) => info.id),
        names.map((name) => msg(name)),
      )
      const limits = requests.map(({ path }) => pageOf(path).limit)
      assert.deepStrictEqual(limits.slice(0, 3), [5, 3, 2])
    }).pipe(Effect.provide(layer)),
  )

  it.live.each(versions)("is read down to one large message (%s)", ([, layer, answer]) =>
    Effect.gen(function* () {
      const { url } = yield* rawHttp(({ path }) =>
        path.includes("/message")
          ? answer(path, (name) => (name === "4" ? 20 * MiB : 1))
          : answering("{}", { status: 404 }),
      )
      const opencode = (yield* OpencodeClient).at({ ...target, url })
      const { messages } = yield* opencode.messages(here, { limit: 5 })
      assert.deepStrictEqual(
        messages.map(({ info }) => info.id),
        names.map((name) => msg(name)),
      )
    }).pipe(Effect.provide(layer)),
  )
})
