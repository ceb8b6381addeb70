/** Logging in with a token, and out. */
import { Effect, Option, Redacted } from "effect"
import { HttpServerRequest, HttpServerResponse, UrlParams } from "effect/http"
import { Gate, type Refused } from "../../mcp/access/Gate.ts"
import { makeShares } from "../../mcp/http/shares.ts"
import { isLoopback } from "../../text/loopback.ts"
import { html } from "./html.ts"
import { stillPage } from "./layout.ts"
import type { Logins } from "./Logins.ts"
import { home, login as loginPath, ownPath } from "./paths.ts"
import { answerHtml, answerRedirect } from "./responses.ts"
import { cookieName, isEncrypted, loginKeys, mayRead } from "./visitor.ts"

/** How long the answer to a wrong token takes. */
const slowedBy = "1 second"

/**
 * Attempts from one address at once. Further ones are refused without checking the token, so this bounds the guesses from there
 * to 20 a second.
 */
const maxAttempts = 20

/** The same from all addresses together: one client can have many. */
const maxAttemptsOfAll = 200

/** Of an address, in characters. A proxy passes on what it was sent. */
const maxAddressLength = 64

const loginForm = (next: string, problem?: string): string =>
  stillPage(
    "Log in",
    html`<h1>Log in</h1>
      ${problem !== undefined && html`<p class="error" role="alert">${problem}</p>`}
      <form method="post" action="${loginPath}">
        <input type="hidden" name="next" value="${next}" />
        <input type="text" name="username" value="opencode-fleet" autocomplete="username" hidden />
        <label class="field">
          Access token
          <input type="password" name="token" autocomplete="current-password" required autofocus />
        </label>
        <button class="go">Log in</button>
      </form>
      <p class="soft small">
        The token of this server: <code>opencode-fleet serve --http</code> names its file at the start. This browser
        stays logged in until it was not used for 12 hours, or the server restarts.
      </p>`,
  )

/** To the login, and from there back. */
export const toLogin = (next: string) =>
  answerRedirect(next === home ? loginPath : `${loginPath}?next=${encodeURIComponent(next)}`)

/** Behind a proxy on this machine, the address that the proxy has added. A server that listens on `::` sees IPv4 as IPv6. */
const addressOf = ({ headers, remoteAddress }: HttpServerRequest.HttpServerRequest): string => {
  const address = Option.getOrElse(remoteAddress, () => "").replace(/^::ffff:(?=[\d.]+$)/iu, "")
  const forwarded = headers["x-forwarded-for"]?.split(",").at(-1)?.trim()
  return forwarded !== undefined && isLoopback(address) ? forwarded.slice(0, maxAddressLength) : address
}

const refusedText = ({ message, status }: Refused) =>
  status === 401 ? "This token is not valid. Check that all of it was copied." : message

export const makeLogin = Effect.fnUntraced(function* (logins: Logins) {
  const gate = yield* Gate
  const attempts = makeShares(maxAttempts)
  const attemptsOfAll = makeShares(maxAttemptsOfAll)
  const take = (address: string): boolean => {
    if (!attempts.take(address)) return false
    if (attemptsOfAll.take("")) return true
    attempts.release(address)
    return false
  }
  const release = (address: string): void => {
    attempts.release(address)
    attemptsOfAll.release("")
  }

  const show = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => {
    const query = new URL(url, "http://localhost").searchParams.get("next")
    return answerHtml(200, loginForm(ownPath(query ?? undefined)))
  })

  const check = (token: string) => {
    const given = Redacted.make(token, { label: "token" })
    return gate.verify(given).pipe(
      Effect.flatMap(mayRead),
      Effect.as(given),
      Effect.tapError(() => Effect.sleep(slowedBy)),
    )
  }

  const submit = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const fields = yield* request.urlParamsBody
    const next = ownPath(Option.getOrUndefined(UrlParams.getFirst(fields, "next")))
    const address = addressOf(request)
    if (!take(address)) return answerHtml(429, loginForm(next, "Too many attempts. Try again in a few seconds."))
    return yield* check(Option.getOrElse(UrlParams.getFirst(fields, "token"), () => "").trim()).pipe(
      Effect.ensuring(Effect.sync(() => release(address))),
      Effect.flatMap(logins.add),
      Effect.map((key) => {
        const secure = isEncrypted(request)
        return HttpServerResponse.setCookieUnsafe(answerRedirect(next), cookieName(secure), key, {
          httpOnly: true,
          path: "/",
          sameSite: "strict",
          secure,
        })
      }),
      Effect.catchTag("Refused", (refused) =>
        Effect.succeed(answerHtml(refused.status, loginForm(next, refusedText(refused)))),
      ),
    )
  })

  const end = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    yield* Effect.forEach(loginKeys(request), logins.remove, { discard: true })
    return [true, false].reduce(
      (response, secure) =>
        HttpServerResponse.expireCookieUnsafe(response, cookieName(secure), { path: "/", secure, httpOnly: true }),
      answerRedirect(loginPath),
    )
  })

  return { show, submit, end }
})
