/** The requests that the page has shown: their order, and what became of them. */
import { assert, describe, it } from "@effect/vitest"
import { permission, question, session } from "../../../src/testing/samples.ts"
import type { OpenRequest } from "../../../src/web/page/readWork.ts"
import { RequestLedger } from "../../../src/web/page/RequestLedger.ts"

const open = (name: string): OpenRequest => ({
  instance: "shop",
  session: session("main"),
  family: new Set([session("main").id]),
  inFleet: true,
  pending: { kind: "permission", request: permission(name) },
})

const asked: OpenRequest = {
  instance: "shop",
  session: session("main"),
  family: new Set([session("main").id]),
  inFleet: true,
  pending: { kind: "question", request: question("2") },
}

/** A read of the whole fleet. */
const read = (requests: ReadonlyArray<OpenRequest>, endedAt: number, startedAt = endedAt) => ({
  requests,
  covers: () => true,
  startedAt,
  endedAt,
})

const idsOf = (ledger: RequestLedger, since = 0) =>
  ledger
    .shown(since)
    .map(({ request, settled }) => `${request.pending.request.id}${settled === undefined ? "" : " settled"}`)

const withDetails = (details: Readonly<Record<string, string>> | undefined): OpenRequest => ({
  ...open("1"),
  pending: {
    kind: "permission",
    request: { ...permission("1"), ...(details === undefined ? {} : { details }) },
  },
})

const shownAfter = (...reads: ReadonlyArray<OpenRequest>) => {
  const ledger = new RequestLedger()
  for (const [time, request] of reads.entries()) ledger.observe(read([request], time))
  return ledger
    .shown(0)
    .map(({ request: { pending } }) => (pending.kind === "permission" ? pending.request.details : {}))
}

describe("RequestLedger", () => {
  it("shows the oldest first, of both kinds, and new ones last", () => {
    const ledger = new RequestLedger()
    ledger.observe(read([open("3"), asked, open("1")], 1))
    ledger.observe(read([open("0"), open("3"), asked, open("1")], 2))
    assert.deepStrictEqual(idsOf(ledger), ["per_1", "que_2", "per_3", "per_0"])
  })

  it("shows what a later read knows of a request, and does not forget it in a worse one", () => {
    const command = { command: "rm -rf *" }
    const whole = { ...command, workdir: "/etc" }
    assert.deepStrictEqual(shownAfter(withDetails(undefined), withDetails(whole)), [whole])
    assert.deepStrictEqual(shownAfter(withDetails(command), withDetails(whole)), [whole])
    assert.deepStrictEqual(shownAfter(withDetails(whole), withDetails(undefined)), [whole])
    assert.deepStrictEqual(shownAfter(withDetails(whole), withDetails(command)), [whole])
  })

  it("keeps a request open while its instance cannot be read, and opens it again when it is seen again", () => {
    const ledger = new RequestLedger()
    ledger.observe(read([open("1")], 1))
    ledger.observe({ ...read([], 2), covers: () => false })
    assert.deepStrictEqual(idsOf(ledger), ["per_1"])
    ledger.observe(read([], 3))
    assert.deepStrictEqual(idsOf(ledger), ["per_1 settled"])
    ledger.observe(read([open("1")], 4))
    assert.deepStrictEqual(idsOf(ledger), ["per_1"])
  })

  it("is not misled by a read that began before a request was opened", () => {
    const ledger = new RequestLedger()
    ledger.observe(read([open("1")], 5))
    ledger.observe(read([], 6, 4))
    assert.deepStrictEqual(idsOf(ledger), ["per_1"])
  })

  it("does not open again what was decided here, because it may have been read before", () => {
    const ledger = new RequestLedger()
    ledger.observe(read([open("1")], 1))
    ledger.settle(open("1"), { at: 2, outcome: "Rejected." })
    ledger.observe(read([open("1")], 3))
    assert.deepStrictEqual(idsOf(ledger), ["per_1 settled"])
    assert.strictEqual(ledger.settled("per_1")?.outcome, "Rejected.")
    assert.deepStrictEqual(idsOf(ledger, 3), [])
  })

  it("knows a subagent's request in all conversations that have shown it, by the session that asks", () => {
    const ledger = new RequestLedger()
    const [main, sub] = [session("main"), { ...session("sub"), title: "Subagent" }]
    const family = (...sessions: ReadonlyArray<typeof main>) => new Set(sessions.map(({ id }) => id))
    const asking = { ...open("1"), session: sub, family: family(sub) }
    ledger.observe(read([asking], 1))
    ledger.observe(read([{ ...asking, family: family(main, sub) }], 2))
    ledger.settle({ ...asking, session: main, family: family(main) }, { at: 3, outcome: "Rejected." })
    const [entry] = ledger.shown(0)
    assert.strictEqual(entry?.request.session.title, "Subagent")
    assert.deepStrictEqual(entry?.request.family, family(sub, main))
  })

  it("does not show as just settled what was settled while nobody looked", () => {
    const ledger = new RequestLedger()
    ledger.observe(read([open("1")], 1))
    ledger.observe(read([], 1000))
    assert.deepStrictEqual(idsOf(ledger, 900), [])
  })

  it("forgets the oldest of more than 50 settled requests", () => {
    const ledger = new RequestLedger()
    for (let at = 100; at < 160; at++) ledger.settle(open(String(at)), { at, outcome: "Rejected." })
    ledger.observe(read([], 200))
    assert.lengthOf(ledger.shown(0), 50)
    assert.include(idsOf(ledger), "per_159 settled")
    assert.notInclude(idsOf(ledger), "per_109 settled")
  })

  it("forgets an open request that no read has covered for an hour", () => {
    const ledger = new RequestLedger()
    const hour = 60 * 60 * 1000
    const others = (at: number) => ({ ...read([open("2")], at), covers: () => false })
    ledger.observe(read([open("1")], 1))
    ledger.observe(others(hour))
    assert.deepStrictEqual(idsOf(ledger), ["per_1", "per_2"])
    ledger.observe(others(hour + 2))
    assert.deepStrictEqual(idsOf(ledger), ["per_2"])
  })
})
