/** Compares the declaration with the OpenAPI document of the real opencode 1.18.33 (`GET /doc`). */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { readFileSync } from "node:fs"
import { OpencodeApi } from "../../../src/opencode/v1/OpencodeApi.ts"
import { type Definitions, differences, type JsonSchema } from "./jsonSchemaDifferences.ts"

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>
}

interface Operation {
  readonly parameters?: ReadonlyArray<{ readonly in: string; readonly name: string; readonly required?: boolean }>
  readonly requestBody?: Content
  readonly responses?: Readonly<Record<string, Content>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Definitions }
}

const file = new URL("../../fixtures/opencode-openapi-1.18.33.json", import.meta.url)
const parseDocument = (json: string) => Schema.decodeSync(Schema.fromJsonString(Schema.Unknown))(json) as Document
const real = parseDocument(readFileSync(file, "utf8"))
const ours = parseDocument(JSON.stringify(OpenApi.fromApi(OpencodeApi)))

const routes = Object.entries(ours.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)
const realOf = ({ method, path }: { readonly method: string; readonly path: string }) => real.paths[path]?.[method]

const definitions = { ...real.components.schemas, ...ours.components.schemas }

const schemaOf = (content: Content | undefined, type = "application/json") => content?.content?.[type]?.schema

const success = (operation: Operation | undefined) =>
  Object.entries(operation?.responses ?? {}).find(([status]) => status.startsWith("2"))

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
    assert.strictEqual(routes.length, 20)
  })

  it.each(routes)("$method $path exists", (route) => {
    assert.isDefined(realOf(route))
  })

  it.each(routes)("$method $path accepts the parameters that are sent and requires no others", (route) => {
    const known = realOf(route)?.parameters ?? []
    const sent = (route.operation.parameters ?? []).map(({ in: place, name }) => `${place} ${name}`)
    assert.includeMembers(
      known.map(({ in: place, name }) => `${place} ${name}`),
      sent,
    )
    const needed = known.filter(({ required }) => required === true)
    assert.includeMembers(
      sent,
      needed.map(({ in: place, name }) => `${place} ${name}`),
    )
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
    const [, answer] = success(ours.paths["/global/event"]?.["get"]) ?? []
    const needed = frame(schemaOf(answer, stream)) ?? {}
    const [, promised] = success(real.paths["/global/event"]?.["get"]) ?? []
    const found = differences(needed, schemaOf(promised, stream) ?? {}, definitions, "event")
    // The heartbeat is sent every 10 s, and documented nowhere.
    assert.strictEqual(found.length, 1)
    assert.include(found[0], "server.heartbeat")
  })
})
