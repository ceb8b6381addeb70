/** Compares what one JSON schema needs of an answer with what another one promises. */

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly oneOf?: ReadonlyArray<JsonSchema>
  readonly allOf?: ReadonlyArray<JsonSchema>
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: ReadonlyArray<string>
  readonly items?: JsonSchema
  readonly additionalProperties?: boolean | JsonSchema
}

/** The schemas that `$ref` leads to. */
export type Definitions = Readonly<Record<string, JsonSchema>>

const isSchema = (value: boolean | JsonSchema | undefined): value is JsonSchema => typeof value === "object"

/** The forms that a value may have. */
const forms = (schema: JsonSchema, definitions: Definitions): ReadonlyArray<JsonSchema> => {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)
    return forms(definitions[name] ?? {}, definitions)
  }
  const several = schema.anyOf ?? schema.oneOf
  return several === undefined ? [schema] : several.flatMap((form) => forms(form, definitions))
}

const isCatchAll = (schema: JsonSchema) =>
  schema.enum === undefined &&
  schema.properties === undefined &&
  schema.items === undefined &&
  !isSchema(schema.additionalProperties) &&
  (schema.type === undefined || schema.type === "object")

const kind = ({ type }: JsonSchema) => (type === "integer" ? "number" : type)

/** Whether the promised form is the one that is meant: literals such as `type` and `role` agree. */
const isMeant = (needed: JsonSchema, promised: JsonSchema, definitions: Definitions) =>
  Object.entries(needed.properties ?? {}).every(([name, property]) => {
    if (property.enum === undefined) return true
    const [other] = forms(promised.properties?.[name] ?? {}, definitions)
    return property.enum.some((literal) => other?.enum?.includes(literal) === true)
  })

const ofForm = (
  needed: JsonSchema,
  promised: JsonSchema,
  definitions: Definitions,
  path: string,
): ReadonlyArray<string> => {
  if (kind(needed) !== kind(promised)) return [`${path}: ${kind(needed)} is needed, ${kind(promised)} promised`]
  if (needed.items !== undefined) return differences(needed.items, promised.items ?? {}, definitions, `${path}[]`)
  const rest = needed.additionalProperties
  if (isSchema(rest) && needed.properties === undefined) {
    const other = isSchema(promised.additionalProperties) ? promised.additionalProperties : {}
    return differences(rest, other, definitions, `${path}{}`)
  }
  return Object.entries(needed.properties ?? {}).flatMap(([name, property]) => {
    const other = promised.properties?.[name]
    if (other === undefined) return [`${path}.${name}: not in the document`]
    const mayMiss = needed.required?.includes(name) === true && promised.required?.includes(name) !== true
    return [
      ...(mayMiss ? [`${path}.${name}: may be missing`] : []),
      ...differences(property, other, definitions, `${path}.${name}`),
    ]
  })
}

/** What of `needed` is not promised. A catch-all needs nothing. */
export const differences = (
  needed: JsonSchema,
  promised: JsonSchema,
  definitions: Definitions,
  path: string,
): ReadonlyArray<string> => {
  const candidates = forms(promised, definitions)
  const [only] = candidates
  if (only !== undefined && candidates.length === 1 && isCatchAll(only)) return []
  return forms(needed, definitions)
    .filter((form) => !isCatchAll(form))
    .flatMap((form) => {
      const meant = candidates.filter((candidate) => isMeant(form, candidate, definitions))
      const found = meant.map((candidate) => ofForm(form, candidate, definitions, path))
      const fits = found.some((all) => all.length === 0)
      return fits ? [] : (found[0] ?? [`${path}: no such form: ${JSON.stringify(form).slice(0, 200)}`])
    })
}
