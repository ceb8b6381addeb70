/** Decoding a large list leaves time for everything else. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { tolerantArray } from "../../../src/opencode/http/tolerantArray.ts"
import { recognised } from "../../support/recognised.ts"
import { WireMessages } from "../../../src/opencode/v1/wire/WireMessage.ts"
import { turnsDuring } from "../../support/turnsDuring.ts"

const parts = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ type: "text", id: `prt_${index}`, messageID: "msg_1", text: "Hello" }))

const user = { id: "msg_1", sessionID: "ses_1", role: "user", time: { created: 1 } }

describe("Decoding a large list", () => {
  it.effect("of items: others have their turn meanwhile", () =>
    Effect.gen(function* () {
      const decode = Schema.decodeUnknownEffect(tolerantArray(Schema.Struct({ id: Schema.String })))
      const items = Array.from({ length: 20_000 }, (_, index) => ({ id: `ses_${index}` }))
      const { during, result } = yield* turnsDuring(decode(items))
      assert.lengthOf(recognised(result), items.length)
      assert.isAbove(during, 5)
    }),
  )

  it.effect("of the parts of one message: others have their turn meanwhile", () =>
    Effect.gen(function* () {
      const { during, result } = yield* turnsDuring(
        Schema.decodeUnknownEffect(WireMessages)([{ info: user, parts: parts(10_000) }]),
      )
      assert.lengthOf(recognised(result)[0]?.parts ?? [], 10_000)
      assert.isAbove(during, 5)
    }),
  )
})
