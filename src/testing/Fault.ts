/** What can go wrong with a request to the fake opencode. */
import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse>

/** What is answered in place of `answer`, which may be run or not. */
export type Fault = (answer: Answer) => Answer

/** Marks an answer that stands for a broken connection; {@link FakeOpencode.layerHttpClient} makes a transport error of it. */
export const brokenBy = "x-fake-socket"

const broken = (code: string) => HttpServerResponse.empty({ status: 599, headers: { [brokenBy]: code } })

const response =
  (make: () => HttpServerResponse.HttpServerResponse): Fault =>
  () =>
    Effect.sync(make)

/** No connection comes about. */
export const refused = response(() => broken("ECONNREFUSED"))
/** It arrives, has its effect, and then the connection breaks. */
export const reset: Fault = (answer) => Effect.as(answer, broken("ECONNRESET"))
/** The connection breaks before the request has an effect, which nobody can know. */
export const lost = response(() => broken("ECONNRESET"))
export const hang: Fault = () => Effect.never
/** It arrives, has its effect, and is never answered. */
export const hangAfterwards: Fault = (answer) => Effect.andThen(answer, Effect.never)
export const unauthorized = response(() => HttpServerResponse.empty({ status: 401 }))
/** What opencode answers for a route that it does not have: its web page, with 200. */
export const webPage = response(() => HttpServerResponse.html("<!doctype html><title>opencode</title>"))
export const garbage = response(() => HttpServerResponse.text('{"id":', { contentType: "application/json" }))
export const hangBody = response(() => HttpServerResponse.stream(Stream.never, { contentType: "application/json" }))
export const unavailable = response(() => HttpServerResponse.text("busy", { status: 503 }))
export const redirect = response(() => HttpServerResponse.redirect("http://elsewhere.test/", { status: 307 }))
/** Any JSON, as it stands: also what the declaration does not know. */
export const json = (body: unknown, status = 200) => response(() => HttpServerResponse.jsonUnsafe(body, { status }))
/** An error as opencode puts it. */
export const named = (status: number, message: string) => json({ name: "UnknownError", data: { message } }, status)
/** A page of a proxy in front of it. */
export const proxyPage = (status: number) =>
  response(() => HttpServerResponse.text("<h1>Proxy</h1>", { status, contentType: "text/html" }))
/** It arrives and has its effect first. */
export const afterwards =
  (fault: Fault): Fault =>
  (answer) =>
    Effect.andThen(answer, fault(answer))
