/** Compares the declaration with the OpenAPI document of the real opencode 1.18.33 (`GET /doc`). */
import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import { OpencodeApi } from "../../../src/opencode/v1/OpencodeApi.ts"
import { differences, type JsonSchema } from "../jsonSchemaDifferences.ts"
import { comparison, schemaOf, sentParameters, success } from "../openApiComparison.ts"

const { definitions, knownParameters, oursOf, realOf, requiredParameters, routes } = comparison(
  OpenApi.fromApi(OpencodeApi),
  "opencode-openapi-1.18.33.json",
)

/** A frame holds its JSON as a string. */
const frame = (schema: JsonSchema | undefined) =>
  (schema?.properties?.["data"] as { readonly contentSchema?: JsonSchema } | undefined)?.contentSchema

/** An object with a literal and one field. */
const object = (name: string, type = "string"): JsonSchema => ({
  type: "object",
  properties: { kind: { type: "string", enum: ["a"] }, [name]: { type } },
  required: ["kind", name],
})

describe("OpencodeApi", () => {
  it("declares exactly the routes that are used", () => {
    assert.strictEqual(routes.length, 28)
  })

  it.each(routes)("$method $path exists", (route) => {
    assert.isDefined(realOf(route))
  })

  it.each(routes)("$method $path accepts the parameters that are sent and requires no others", (route) => {
    const sent = sentParameters(route.operation)
    assert.includeMembers(knownParameters(route), sent)
    assert.includeMembers(sent, requiredParameters(route))
  })

  it.each(routes.filter(({ operation }) => operation.requestBody !== undefined))(
    "$method $path accepts the body that is sent",
    (route) => {
      const body = schemaOf(route.operation.requestBody) ?? {}
      const known = schemaOf(realOf(route)?.requestBody) ?? {}
      const optional = { ...body, required: [] }
      assert.deepStrictEqual(differences(optional, known, definitions, "body"), [])
      assert.includeMembers([...(body.required ?? [])], [...(known.required ?? [])])
    },
  )

  it.each(routes)("$method $path answers with every field that is needed", (route) => {
    const [status, answer] = success(route.operation) ?? []
    const [realStatus, realAnswer] = success(realOf(route)) ?? []
    assert.strictEqual(status, realStatus)
    assert.deepStrictEqual(differences(schemaOf(answer) ?? {}, schemaOf(realAnswer) ?? {}, definitions, "answer"), [])
  })

  it("reports a field that opencode does not send", () => {
    const compare = (needed: JsonSchema) =>
      differences({ anyOf: [needed, { type: "object" }] }, object("title"), {}, "")
    assert.deepStrictEqual(compare(object("title")), [])
    assert.deepStrictEqual(compare(object("titel")), [".titel: not in the document"])
    assert.deepStrictEqual(compare(object("title", "number")), [".title: number is needed, string promised"])
  })

  it("declares every event as the document describes it", () => {
    const stream = "text/event-stream"
    const [, answer] = success(oursOf({ path: "/global/event", method: "get" })) ?? []
    const needed = frame(schemaOf(answer, stream)) ?? {}
    const [, promised] = success(realOf({ path: "/global/event", method: "get" })) ?? []
    const found = differences(needed, schemaOf(promised, stream) ?? {}, definitions, "event")
    // The heartbeat is sent every 10 s, and documented nowhere.
    assert.strictEqual(found.length, 1)
    assert.include(found[0], "server.heartbeat")
  })
})
