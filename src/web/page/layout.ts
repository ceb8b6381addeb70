/** What all pages have in common: the head, the bar at the top, and the part that is updated while a person looks at it. */
import { revision } from "./assets.ts"
import { type Content, type Html, html } from "./html.ts"
import { home, logout } from "./paths.ts"
import type { Visitor } from "./visitor.ts"

export interface Live {
  /** Where the part is read again. */
  readonly from: string
  readonly everySeconds: number
  readonly title: string
  readonly content: Content
}

/**
 * htmx runs no code from attributes here, and keeps what a person has opened. A failed update leaves the page as it is.
 */
const htmxConfig = JSON.stringify({
  morphIgnore: ["data-htmx-powered", "open"],
  noSwap: [204, 304, "4xx", "5xx"],
  includeIndicatorCSS: false,
  history: false,
  defaultTimeout: 30_000,
})

/** The part of a page that is read again, as it is sent each time. */
export const livePart = ({ content, everySeconds, from, title }: Live): Html => html`
  <title>${title}</title>
  <main class="wide" id="live" hx-get="${from}" hx-trigger="every ${everySeconds}s" hx-swap="outerMorph">
    ${content}
  </main>
`

const logoutButton = (visitor: Visitor | undefined) =>
  visitor?.isLoggedIn === true &&
  html`<form method="post" action="${logout}">
    <input type="hidden" name="form" value="${visitor.formKey}" />
    <button class="plain">Log out</button>
  </form>`

const document = (title: string, visitor: Visitor | undefined, body: Content): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="htmx-config" content="${htmxConfig}" />
        <link rel="icon" href="/icon.svg?${revision}" />
        <link rel="stylesheet" href="/page.css?${revision}" />
        <script src="/htmx.js?${revision}" defer></script>
        <script src="/page.js?${revision}" defer></script>
      </head>
      <body>
        <a class="skip" href="#live">Skip to the content</a>
        <div class="bar">
          <div class="wide">
            <a class="brand" href="${home}"><img src="/icon.svg?${revision}" alt="" />opencode-fleet</a>
            ${logoutButton(visitor)}
          </div>
        </div>
        <p id="stale" role="alert" hidden>No contact with opencode-fleet. This page is not up to date.</p>
        ${body}
      </body>
    </html>`.toString()

/** A page that keeps itself up to date. */
export const livePage = (live: Live, visitor: Visitor): string => document(live.title, visitor, livePart(live))

/** A page that does not change. */
export const stillPage = (title: string, content: Content, visitor?: Visitor): string =>
  document(
    `${title} · opencode-fleet`,
    visitor,
    html`<main class="wide" id="live"><div class="card single">${content}</div></main>`,
  )

/** A page that says one thing, such as why something did not work. */
export const notePage = (title: string, texts: ReadonlyArray<string>, back: string, visitor?: Visitor): string =>
  stillPage(
    title,
    html`<h1>${title}</h1>
      ${texts.filter((text) => text !== "").map((text) => html`<p>${text}</p>`)}
      <p><a href="${back}">Back</a></p>`,
    visitor,
  )
