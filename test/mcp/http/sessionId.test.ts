/** What the id of a session says of a client that says a lot about itself. */
import { assert, it } from "@effect/vitest"
import { makeSessionId, readSessionId } from "../../../src/mcp/http/sessionId.ts"

const long = "\u0001".repeat(100_000)

it("The id of a session has room for every client", () => {
  const made = makeSessionId(crypto.randomUUID(), {
    protocolVersion: `2025-11-25${long}`,
    capabilities: { elicitation: { form: { large: long } }, experimental: { large: { long } } },
    clientInfo: { name: `toys${long}`, version: long },
  })
  const facts = readSessionId(made?.id ?? "")
  assert.deepStrictEqual(facts?.capabilities, { elicitation: { form: {} } })
  assert.match(facts?.clientInfo.name ?? "", /^toys/u)
  assert.isUndefined(makeSessionId(crypto.randomUUID(), { protocolVersion: "2025-11-25" }))
})
