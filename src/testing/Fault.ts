/** Faults of a request to the fake opencode. */
import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

export type FakeAnswer = Effect.Effect<HttpServerResponse.HttpServerResponse>

/** Replaces the answer. It runs `answer` if the request takes effect. */
export type Fault = (answer: FakeAnswer) => FakeAnswer

/** Marks an answer as a broken connection; {@link FakeOpencode.layerHttpClient} turns it into a transport error. */
export const brokenBy = "x-fake-socket"

const broken = (code: string) => HttpServerResponse.empty({ status: 599, headers: { [brokenBy]: code } })

const response =
  (make: () => HttpServerResponse.HttpServerResponse): Fault =>
  () =>
    Effect.sync(make)

/** The connection is refused. */
export const refused = response(() => broken("ECONNREFUSED"))
/** The request takes effect, and then the connection breaks. */
export const reset: Fault = (answer) => Effect.as(answer, broken("ECONNRESET"))
/** The connection breaks before the request takes effect. The client cannot tell it from {@link reset}. */
export const lost = response(() => broken("ECONNRESET"))
export const hang: Fault = () => Effect.never
/** The request takes effect and is never answered. */
export const hangAfterwards: Fault = (answer) => Effect.andThen(answer, Effect.never)
export const unauthorized = response(() => HttpServerResponse.empty({ status: 401 }))
/** opencode's answer to an unknown route: its web page, with status 200. */
export const webPage = response(() => HttpServerResponse.html("<!doctype html><title>opencode</title>"))
export const garbage = response(() => HttpServerResponse.text('{"id":', { contentType: "application/json" }))
export const hangBody = response(() => HttpServerResponse.stream(Stream.never, { contentType: "application/json" }))
export const unavailable = response(() => HttpServerResponse.text("busy", { status: 503 }))
export const redirect = response(() => HttpServerResponse.redirect("http://elsewhere.test/", { status: 307 }))
/** Any JSON, declared or not. */
export const json = (body: unknown, status = 200) => response(() => HttpServerResponse.jsonUnsafe(body, { status }))
/** An error in opencode's format. */
export const named = (status: number, message: string) => json({ name: "UnknownError", data: { message } }, status)
/** The error page of a proxy in front of opencode. */
export const proxyPage = (status: number) =>
  response(() => HttpServerResponse.text("<h1>Proxy</h1>", { status, contentType: "text/html" }))
/** The request takes effect before the fault. */
export const afterwards =
  (fault: Fault): Fault =>
  (answer) =>
    Effect.andThen(answer, fault(answer))
