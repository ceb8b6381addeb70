/** The requests that the page has shown: their order, and what became of them. */
import { assert, describe, it } from "@effect/vitest"
import { permission, question, session } from "../../../src/testing/samples.ts"
import type { OpenRequest } from "../../../src/web/page/readWork.ts"
import { RequestLedger } from "../../../src/web/page/RequestLedger.ts"

const open = (name: string): OpenRequest => ({
  instance: "shop",
  session: session("main"),
  pending: { kind: "permission", request: permission(name) },
})

const asked: OpenRequest = {
  instance: "shop",
  session: session("main"),
  pending: { kind: "question", request: question("2") },
}

const nothing = new Set<string>()

const idsOf = (ledger: RequestLedger, since = 0) =>
  ledger
    .shown(since)
    .map(({ request, settled }) => `${request.pending.request.id}${settled === undefined ? "" : " settled"}`)

describe("RequestLedger", () => {
  it("shows the oldest first, of both kinds, and new ones last", () => {
    const ledger = new RequestLedger()
    ledger.observe({ requests: [open("3"), asked, open("1")], unknown: nothing }, 1)
    ledger.observe({ requests: [open("0"), open("3"), asked, open("1")], unknown: nothing }, 2)
    assert.deepStrictEqual(idsOf(ledger), ["per_1", "que_2", "per_3", "per_0"])
  })

  it("keeps a request open while its instance cannot be read, and opens it again when it is seen again", () => {
    const ledger = new RequestLedger()
    ledger.observe({ requests: [open("1")], unknown: nothing }, 1)
    ledger.observe({ requests: [], unknown: new Set(["shop"]) }, 2)
    assert.deepStrictEqual(idsOf(ledger), ["per_1"])
    ledger.observe({ requests: [], unknown: nothing }, 3)
    assert.deepStrictEqual(idsOf(ledger), ["per_1 settled"])
    ledger.observe({ requests: [open("1")], unknown: nothing }, 4)
    assert.deepStrictEqual(idsOf(ledger), ["per_1"])
  })

  it("is not misled by a read that began before a request was opened", () => {
    const ledger = new RequestLedger()
    ledger.observe({ requests: [open("1")], unknown: nothing }, 5)
    ledger.observe({ requests: [], unknown: nothing }, 6, 4)
    assert.deepStrictEqual(idsOf(ledger), ["per_1"])
  })

  it("does not open again what was decided here, because it may have been read before", () => {
    const ledger = new RequestLedger()
    ledger.observe({ requests: [open("1")], unknown: nothing }, 1)
    ledger.settle(open("1"), { at: 2, outcome: "Rejected." })
    ledger.observe({ requests: [open("1")], unknown: nothing }, 3)
    assert.deepStrictEqual(idsOf(ledger), ["per_1 settled"])
    assert.strictEqual(ledger.settled("per_1")?.outcome, "Rejected.")
    assert.deepStrictEqual(idsOf(ledger, 3), [])
  })

  it("forgets the oldest of more than 50 settled requests", () => {
    const ledger = new RequestLedger()
    for (let at = 100; at < 160; at++) ledger.settle(open(String(at)), { at, outcome: "Rejected." })
    ledger.observe({ requests: [], unknown: nothing }, 200)
    assert.lengthOf(ledger.shown(0), 50)
    assert.include(idsOf(ledger), "per_159 settled")
    assert.notInclude(idsOf(ledger), "per_109 settled")
  })
})
