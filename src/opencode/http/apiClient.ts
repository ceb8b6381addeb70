/**
 * The client of a declared API of JSON, as functions of the type that Effect's `HttpApiClient` has. That one decodes each
 * answer by five schemas, which takes a third of a refresh; it parses an answer at once, however large; and for a request with
 * a body it asks for `FormData`, which loads all of Node's `fetch`.
 */
import { Context, Effect, Schema, SchemaIssue } from "effect"
import { type HttpClient, HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { HttpApi, type HttpApiClient, type HttpApiEndpoint, type HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { MaxResponseBytes } from "./MaxResponseBytes.ts"
import { type InvalidJson, parseJson } from "./parseJson.ts"

type Response = HttpClientResponse.HttpClientResponse
type AnyEffect = Effect.Effect<unknown, unknown, unknown>

/** What a caller passes. */
interface Call {
  readonly params?: unknown
  readonly query?: unknown
  readonly payload?: unknown
  readonly responseMode?: HttpApiEndpoint.ClientResponseMode
}

type Schemas = ReadonlyMap<number, readonly [Schema.Top, ...Array<Schema.Top>]>

const undecodable = (response: Response, cause: unknown) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({ request: response.request, response, cause }),
  })

/** Not JSON, or its beginning: whatever has been asked may have been done. */
const notJson = ({ cause }: InvalidJson) => {
  const message = cause instanceof Error ? cause.message : "not JSON"
  return new Schema.SchemaError(new SchemaIssue.InvalidValue({ message }))
}

const jsonOf = (response: Response) =>
  Effect.flatMap(response.arrayBuffer, (bytes) => Effect.mapError(parseJson(Buffer.from(bytes)), notJson))

const decoderOf = (schemas: readonly [Schema.Top, ...Array<Schema.Top>]): ((response: Response) => AnyEffect) => {
  const [schema] = schemas
  if (HttpApiSchema.isWithHeaders(schema)) {
    const decodeBody = Schema.decodeUnknownEffect(schema.schema)
    const decodeHeaders = Schema.decodeUnknownEffect(schema.headers)
    return Effect.fnUntraced(function* (response: Response) {
      const body = yield* decodeBody(yield* jsonOf(response))
      return HttpApiSchema.withHeaders({ body, headers: yield* decodeHeaders(response.headers) })
    })
  }
  if (HttpApiSchema.isNoContent(schema.ast)) return () => Effect.void
  const decode = Schema.decodeUnknownEffect(schemas.length === 1 ? schema : Schema.Union(schemas))
  return (response) => Effect.flatMap(jsonOf(response), decode)
}

const withoutSchema = (response: Response) => Effect.fail(undecodable(response, new Error("undeclared status code")))

/** The answer with a declared status: the value of a success, or the failure that an error means. */
const answerDecoder = (successes: Schemas, errors: Schemas) => {
  const successful = new Map(Array.from(successes, ([status, schemas]) => [status, decoderOf(schemas)]))
  const failed = new Map(Array.from(errors, ([status, schemas]) => [status, decoderOf(schemas)]))
  return (response: Response): AnyEffect => {
    const decode = successful.get(response.status)
    if (decode !== undefined) return decode(response)
    const decodeError = failed.get(response.status)
    return decodeError === undefined ? withoutSchema(response) : Effect.flatMap(decodeError(response), Effect.fail)
  }
}

/** The strings of a part of the URL. */
const stringsBy = (schema: Schema.Top | undefined) => {
  if (schema === undefined) return () => Effect.succeed<ReadonlyArray<readonly [string, string]>>([])
  const encode = Schema.encodeUnknownEffect(schema)
  return (value: unknown) =>
    Effect.map(encode(value), (encoded) =>
      Object.entries(Object(encoded)).flatMap(([name, text]) =>
        typeof text === "string" ? [[name, text] as const] : [],
      ),
    )
}

const requestEncoder = ({ method, params, path, payload, query }: HttpApiEndpoint.Top) => {
  const encodeParams = stringsBy(params)
  const encodeQuery = stringsBy(query)
  const [body] = Array.from(payload.values()).flatMap(({ schemas }) => schemas)
  const encodeBody = body === undefined ? undefined : Schema.encodeUnknownEffect(body)
  const make = HttpClientRequest.make(method)
  return Effect.fnUntraced(function* (call: Call) {
    let url: string = path
    for (const [name, id] of yield* encodeParams(call.params)) url = url.replace(`:${name}`, encodeURIComponent(id))
    const request = make(url, { urlParams: yield* encodeQuery(call.query) })
    return encodeBody === undefined
      ? request
      : HttpClientRequest.bodyJsonUnsafe(request, yield* encodeBody(call.payload))
  })
}

/** Sends the requests of a route, whose answers have the bound that it declares, or the caller's if that is lower. */
const routeOf = <E, R>(
  { endpoint, errors, successes }: { readonly endpoint: HttpApiEndpoint.Top } & Record<"errors" | "successes", Schemas>,
  { execute }: HttpClient.HttpClient.With<E, R>,
) => {
  const encode = requestEncoder(endpoint)
  const decode = answerDecoder(successes, errors)
  const bound = Context.get(endpoint.annotations, MaxResponseBytes)
  return (call: Call): AnyEffect => {
    const answer = Effect.flatMap(encode(call), (request) =>
      Effect.updateService(execute(request), MaxResponseBytes, (bytes) => Math.min(bytes, bound)),
    )
    return call.responseMode === "response-only" ? answer : Effect.flatMap(answer, decode)
  }
}

/** The routes of the API, each of which is compiled when it is used first. */
export const makeClient = <Id extends string, Groups extends HttpApiGroup.Constraint, E, R>(
  api: HttpApi.HttpApi<Id, Groups>,
  httpClient: HttpClient.HttpClient.With<E, R>,
): HttpApiClient.Client<Groups, Exclude<E, HttpClientError.HttpClientError>, R> => {
  const client: Record<string, Record<string, (call?: Call) => AnyEffect>> = {}
  HttpApi.reflect(api, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint, errors, group, successes }) => {
      let route: ReturnType<typeof routeOf> | undefined
      const routes = (client[group.identifier] ??= {})
      routes[endpoint.identifier] = (call = {}) =>
        (route ??= routeOf({ endpoint, errors, successes }, httpClient))(call)
    },
  })
  // As in `HttpApiClient`: its members are those of the declaration, which the types are derived from.
  return client as unknown as HttpApiClient.Client<Groups, Exclude<E, HttpClientError.HttpClientError>, R>
}
