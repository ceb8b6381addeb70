/** The answers of the page, with the headers that keep other pages, caches and injected markup out. */
import { HttpServerResponse } from "effect/http"

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ")

const guards = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // With `no-referrer`, browsers would send the origin of forms as `null`, which no check can accept.
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
}

const guarded = { ...guards, "cache-control": "no-store" }

export const answerHtml = (status: number, markup: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(markup, {
    status,
    contentType: "text/html; charset=utf-8",
    headers: { ...guarded, ...headers },
  })

export const answerText = (status: number, text: string) => HttpServerResponse.text(text, { status, headers: guarded })

/** After a form: the browser shows the page with a new request, so reloading it sends nothing again. */
export const answerRedirect = (path: string) => HttpServerResponse.redirect(path, { status: 303, headers: guarded })

/** htmx follows this one, where a redirect would be put into the page. */
export const answerNavigate = (status: number, path: string) =>
  HttpServerResponse.empty({ status, headers: { ...guarded, "hx-redirect": path } })

/** A file whose address changes with its content. */
export const answerFile = (text: string, contentType: string) =>
  HttpServerResponse.text(text, {
    contentType,
    headers: { ...guards, "cache-control": "public, max-age=31536000, immutable" },
  })
