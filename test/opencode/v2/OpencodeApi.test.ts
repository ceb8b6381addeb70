/** Compares the declaration with the OpenAPI document of the real opencode 2.0.15 (`GET /openapi.json`). */
import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import { OpencodeApi } from "../../../src/opencode/v2/OpencodeApi.ts"
import { differences } from "../jsonSchemaDifferences.ts"
import { comparison, schemaOf, sentParameters, success } from "../openApiComparison.ts"

const { definitions, knownParameters, realOf, requiredParameters, routes } = comparison(
  OpenApi.fromApi(OpencodeApi),
  "opencode-openapi-2.0.15.json",
)

describe("opencode 2: OpencodeApi", () => {
  it("declares exactly the routes that are used", () => {
    assert.strictEqual(routes.length, 30)
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
      assert.deepStrictEqual(differences({ ...body, required: [] }, known, definitions, "body"), [])
      assert.includeMembers([...(body.required ?? [])], [...(known.required ?? [])])
    },
  )

  it.each(routes)("$method $path answers with every field that is needed", (route) => {
    const [status, answer] = success(route.operation) ?? []
    const [realStatus, realAnswer] = success(realOf(route)) ?? []
    assert.strictEqual(status, realStatus)
    assert.deepStrictEqual(differences(schemaOf(answer) ?? {}, schemaOf(realAnswer) ?? {}, definitions, "answer"), [])
  })
})
