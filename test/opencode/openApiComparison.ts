/** Compares a declaration of opencode's API with the OpenAPI document of the real server. */
import { Schema } from "effect"
import type { OpenApi } from "effect/http-api"
import { readFileSync } from "node:fs"
import type { Definitions, JsonSchema } from "./jsonSchemaDifferences.ts"

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>
}

export interface Operation {
  readonly parameters?: ReadonlyArray<{ readonly in: string; readonly name: string; readonly required?: boolean }>
  readonly requestBody?: Content
  readonly responses?: Readonly<Record<string, Content>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Definitions }
}

export interface Route {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

const parseDocument = (json: string) => Schema.decodeSync(Schema.fromJsonString(Schema.Unknown))(json) as Document

export const schemaOf = (content: Content | undefined, type = "application/json") => content?.content?.[type]?.schema

/** Status and content of the answer of a request that succeeds. */
export const success = (operation: Operation | undefined) =>
  Object.entries(operation?.responses ?? {}).find(([status]) => status.startsWith("2"))

/** `in` and name of the parameters. The document has one `location` for all of `location[…]`. */
const placeOf = ({ in: place, name }: { readonly in: string; readonly name: string }) =>
  `${place} ${name.replace(/\[.*\]$/u, "")}`

export const sentParameters = ({ parameters = [] }: Operation) => parameters.map(placeOf)

/** A declaration, and what the document in `test/fixtures/` says about it. */
export const comparison = (declared: OpenApi.OpenAPISpec, fixture: string) => {
  const real = parseDocument(readFileSync(new URL(`../fixtures/${fixture}`, import.meta.url), "utf8"))
  const ours = parseDocument(JSON.stringify(declared))
  const realOf = ({ method, path }: Pick<Route, "method" | "path">) => real.paths[path]?.[method]
  return {
    routes: Object.entries(ours.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): Route => ({ path, method, operation })),
    ),
    oursOf: ({ method, path }: Pick<Route, "method" | "path">) => ours.paths[path]?.[method],
    realOf,
    knownParameters: (route: Route) => (realOf(route)?.parameters ?? []).map(placeOf),
    requiredParameters: (route: Route) =>
      (realOf(route)?.parameters ?? []).filter(({ required }) => required === true).map(placeOf),
    definitions: { ...real.components.schemas, ...ours.components.schemas } satisfies Definitions,
  }
}
