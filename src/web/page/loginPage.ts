/** Logging in with a token, and out. */
import { Effect, Option, Redacted, Semaphore } from "effect"
import { HttpServerRequest, HttpServerResponse, UrlParams } from "effect/http"
import { Gate, type Refused } from "../../mcp/access/Gate.ts"
import { html } from "./html.ts"
import { stillPage } from "./layout.ts"
import type { Logins } from "./Logins.ts"
import { home, login as loginPath, ownPath } from "./paths.ts"
import { answerHtml, answerRedirect } from "./responses.ts"
import { cookieName, isEncrypted, loginKeys, mayRead } from "./visitor.ts"

/** How long a wrong token takes. One attempt is made at a time, so this bounds the guesses of everybody together. */
const slowedBy = "1 second"

/** Attempts that wait. Further ones are refused. */
const maxWaiting = 20

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

const refusedText = ({ message, status }: Refused) =>
  status === 401 ? "This token is not valid. Check that all of it was copied." : message

export const makeLogin = Effect.fnUntraced(function* (logins: Logins) {
  const gate = yield* Gate
  const oneAtATime = yield* Semaphore.make(1)
  let waiting = 0

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
    if (waiting >= maxWaiting) return answerHtml(429, loginForm(next, "Too many attempts. Try again in a minute."))
    waiting++
    return yield* check(Option.getOrElse(UrlParams.getFirst(fields, "token"), () => "").trim()).pipe(
      oneAtATime.withPermits(1),
      Effect.ensuring(Effect.sync(() => waiting--)),
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
