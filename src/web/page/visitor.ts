/** Who looks at the page: the cookie of a login, or a token that a proxy in front of this server passes on. */
import { Effect, Option } from "effect"
import { HttpServerRequest } from "effect/http"
import { type Caller, Gate, Refused } from "../../mcp/access/Gate.ts"
import { bearerOf } from "../../mcp/http/bearer.ts"
import { baseScope, formScope } from "../../tools/scopes.ts"
import type { Logins } from "./Logins.ts"

export interface Visitor {
  readonly caller: Caller
  /** Whether the visitor may decide what waits for a person. */
  readonly mayDecide: boolean
  /** What each form must carry. */
  readonly formKey: string
  /** Whether there is a login that can be ended. */
  readonly isLoggedIn: boolean
}

/** Over https, a browser accepts a cookie of this name from this host only. */
const cookieNames = { http: "opencode-fleet", https: "__Host-opencode-fleet" } as const

/** A browser sends the origin with every form. Behind a TLS proxy, only it says that the person's connection is encrypted. */
export const isEncrypted = (request: HttpServerRequest.HttpServerRequest): boolean =>
  request.headers["origin"]?.startsWith("https://") === true

export const cookieName = (isSecure: boolean): string => (isSecure ? cookieNames.https : cookieNames.http)

/** The keys of logins that the browser has sent. */
export const loginKeys = ({ cookies }: HttpServerRequest.HttpServerRequest): ReadonlyArray<string> =>
  Object.values(cookieNames).flatMap((name) => cookies[name] ?? [])

/** Fails unless the caller may read. */
export const mayRead = (caller: Caller): Effect.Effect<Caller, Refused> =>
  caller.scopes.has(baseScope)
    ? Effect.succeed(caller)
    : Effect.fail(new Refused({ status: 403, message: `This token does not have the scope ${baseScope}.` }))

/** A token is checked at every request, so one that was withdrawn ends its logins. */
export const makeVisitor = (logins: Logins) =>
  Effect.map(Gate, (gate) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const [login] = (yield* Effect.forEach(loginKeys(request), (key) =>
        Effect.map(logins.token(key), (token) => (token === undefined ? Option.none() : Option.some({ key, token }))),
      )).flatMap(Option.toArray)
      const caller = yield* Effect.flatMap(gate.verify(login?.token ?? bearerOf(request)), mayRead)
      return {
        caller,
        mayDecide: caller.scopes.has(formScope),
        formKey: logins.formKey(login?.key ?? caller.subject),
        isLoggedIn: login !== undefined,
      } satisfies Visitor
    }),
  )
