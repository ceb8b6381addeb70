import { assert, describe, it } from "@effect/vitest"
import { countItems } from "../../src/text/jsonItems.ts"

const count = (value: unknown) => countItems(Buffer.from(JSON.stringify(value)))

describe("countItems", () => {
  it("counts the objects of an array, not those within them", () => {
    assert.strictEqual(count([]), 0)
    assert.strictEqual(count([{}, { parts: [{}, { a: [{}] }] }]), 2)
    assert.strictEqual(countItems(Buffer.from(' [ {} , {"a" : {}} ]\n')), 2)
  })

  it("takes no text for structure", () => {
    const texts = ['"', "\\", '\\"', '\\\\"},{', "]}", "[{", '{"a":1}', "ä€𝄞\u2028"]
    assert.strictEqual(count(texts.map((text) => ({ text, [text]: text }))), texts.length)
    assert.strictEqual(count([{ text: texts.join("") }]), 1)
  })

  it("does not count what is no whole array", () => {
    assert.isUndefined(countItems(Buffer.from("")))
    assert.isUndefined(countItems(Buffer.from('{"data":[{}]}')))
    assert.isUndefined(countItems(Buffer.from('[{"a":1},{"b"')))
    assert.isUndefined(countItems(Buffer.from('[{"a":"')))
  })
})
