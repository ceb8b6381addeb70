/** All routes of a fake opencode, with its protection, its log and its faults. */
import { Effect, Layer, Result } from "effect"
import { Base64 } from "effect/encoding"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Authorization } from "../opencode/http/Authorization.ts"
import { opencodeChallenge } from "../opencode/http/clientErrors.ts"
import type { FakeState, LoggedRequest } from "./FakeState.ts"
import * as V1 from "./v1/handlers.ts"
import * as V2 from "./v2/handlers.ts"
import { notReady } from "./v2/readiness.ts"

const parse = ({ method, url }: { readonly method: string; readonly url: string }): LoggedRequest => {
  const { pathname, searchParams } = new URL(url, "http://fake.test")
  return { route: `${method} ${pathname}`, query: Object.fromEntries(searchParams) }
}

/** `faultsAndLog` has already refused requests without the password. */
const authorization = Layer.succeed(Authorization, Authorization.of({ basic: (answer) => answer }))

/** opencode 2 protects only its API. */
const isProtected = (fake: FakeState, route: string) =>
  fake.credentials !== undefined && (fake.api === 1 || /^\w+ \/api\//u.test(route))

const isAuthorized = (
  { credentials }: FakeState,
  { authorization = "" }: Readonly<Record<string, string | undefined>>,
) => {
  const given = Base64.decodeString(authorization.replace(/^basic /iu, ""))
  return Result.getOrElse(given, () => "") === `${credentials?.username}:${credentials?.password}`
}

const webPage = HttpServerResponse.html("<!doctype html><title>opencode</title>")
const unauthorized = HttpServerResponse.empty({ status: 401, headers: { "www-authenticate": opencodeChallenge } })

const broken = (message: string) =>
  HttpServerResponse.jsonUnsafe({ name: "ConfigJsonError", data: { message } }, { status: 400 })

/** The answer to a route that the API does not have. */
const otherRoute = (fake: FakeState) =>
  Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest
    if (fake.api === 1) return webPage
    if (url.startsWith("/api/")) return HttpServerResponse.empty({ status: 404 })
    return method === "GET" ? webPage : HttpServerResponse.empty({ status: 405 })
  })

/** Logs every request, applies the faults of its route, and refuses it without the password. */
const faultsAndLog = (fake: FakeState) =>
  HttpRouter.middleware(
    (answer) =>
      Effect.gen(function* () {
        const received = yield* HttpServerRequest.HttpServerRequest
        const request = parse(received)
        fake.requests.push(request)
        const fault = fake.faultFor(request.route)
        // The router runs this uninterruptibly, and a hang must end when the client disconnects.
        if (fault !== undefined) return yield* Effect.interruptible(fault(Effect.orDie(answer)))
        if (isProtected(fake, request.route) && !isAuthorized(fake, received.headers)) return unauthorized
        const reason = fake.brokenDirectories.get(request.query["directory"] ?? "")
        if (reason !== undefined) return broken(reason)
        return notReady(fake, request.route) ?? (yield* answer)
      }),
    { global: true },
  )

/** All routes of the fake. */
export const routes = (fake: FakeState) =>
  Layer.mergeAll(
    fake.api === 1 ? V1.handlers(fake) : V2.handlers(fake),
    faultsAndLog(fake),
    HttpRouter.add("*", "/*", otherRoute(fake)),
  ).pipe(Layer.provide(authorization))
