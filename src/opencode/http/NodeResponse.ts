/**
 * An answer of Node's `http` as a response of Effect's client. `HttpClientResponse.fromWeb` would need a web `Response`, which
 * loads all of `fetch` and costs as much as the request itself.
 */
import { Effect, Inspectable, Option, Pipeable, type Schema, Stream } from "effect"
import {
  Cookies,
  Headers,
  HttpClientError,
  type HttpClientRequest,
  HttpClientResponse,
  HttpIncomingMessage,
  UrlParams,
} from "effect/http"
import type { IncomingHttpHeaders } from "node:http"

type Failure = HttpClientError.HttpClientError

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** A stream only while the body still arrives. */
  readonly body: Buffer<ArrayBuffer> | Stream.Stream<Uint8Array, unknown>
}

const decoder = new TextDecoder()

/** Copies only a part of a larger memory, such as what zlib returns. */
const memoryOf = ({ buffer, byteLength, byteOffset }: Buffer<ArrayBuffer>) =>
  byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)

export class NodeResponse extends Pipeable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId] = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId] = HttpIncomingMessage.TypeId
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies = Cookies.empty
  readonly remoteAddress = Option.none()
  readonly request: HttpClientRequest.HttpClientRequest
  readonly #body: Answer["body"]

  constructor(request: HttpClientRequest.HttpClientRequest, { body, headers, status }: Answer) {
    super()
    this.request = request
    this.status = status
    this.headers = Headers.fromInput(headers)
    this.#body = body
  }

  get url() {
    return this.request.url
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, Failure> {
    const body = this.#body
    return Buffer.isBuffer(body)
      ? Effect.succeed(memoryOf(body))
      : Effect.map(Stream.mkUint8Array(this.stream), (bytes) => bytes.slice().buffer)
  }

  get text(): Effect.Effect<string, Failure> {
    return Effect.map(this.arrayBuffer, (bytes) => decoder.decode(bytes))
  }

  get json(): Effect.Effect<Schema.Json, Failure> {
    return this.#reading(this.text, (text): Schema.Json => JSON.parse(text))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, Failure> {
    return this.#reading(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get stream(): Stream.Stream<Uint8Array, Failure> {
    const body = this.#body
    return Buffer.isBuffer(body) ? Stream.succeed(body) : Stream.mapError(body, (cause) => this.#unreadable(cause))
  }

  get formData(): Effect.Effect<never, Failure> {
    return Effect.fail(this.#unreadable("opencode sends no forms"))
  }

  get upgrade(): Effect.Effect<never, Failure> {
    return Effect.fail(this.#unreadable("opencode does not change the protocol"))
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, { _id: "HttpClientResponse", status: this.status })
  }

  override toString(): string {
    return JSON.stringify(this)
  }

  [Inspectable.NodeInspectSymbol](): unknown {
    return this.toJSON()
  }

  #unreadable(cause: unknown): Failure {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause }),
    })
  }

  #reading<A, B>(content: Effect.Effect<A, Failure>, read: (content: A) => B): Effect.Effect<B, Failure> {
    return Effect.flatMap(content, (content) =>
      Effect.try({ try: () => read(content), catch: (cause) => this.#unreadable(cause) }),
    )
  }
}
