/** The web page in a real browser, over a real opencode: what a person sees, reaches with the keyboard, and decides. */
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, FileSystem, Layer, Path } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import type { Page } from "playwright-core"
import * as HttpServing from "../../src/web/HttpServing.ts"
import { Browser, inBrowser } from "../support/Browser.ts"
import { makeRelay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { serveHttp } from "../support/HttpServed.ts"
import { eventually } from "../support/eventually.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { withChromium } from "../support/requirements.ts"
import { patience } from "../support/patience.ts"

const timeout = Duration.toMillis(patience)

class Fleet extends Context.Service<Fleet, { readonly url: string; readonly token: string }>()(
  "opencode-fleet/test/Fleet",
) {
  static readonly layer = Layer.effect(
    Fleet,
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("shop", yield* RealOpencode)
      const { port, stderr } = yield* serveHttp(relay, { args: [] })
      const [, file = ""] = /^The token is in (.+)\.$/mu.exec(yield* stderr) ?? []
      const token = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file))
      return { url: `http://127.0.0.1:${port}`, token: token.trim() }
    }),
  ).pipe(Layer.provideMerge(RealOpencode.layer({ permission: "ask" })))
}

const command = "echo from-$((40 + 2)); true '<b>not markup</b>'"

const logIn = Effect.fnUntraced(function* (page: Page, path: string) {
  const { token, url } = yield* Fleet
  yield* inBrowser(async () => {
    await page.goto(`${url}${path}`)
    await page.getByLabel("Access token").fill(token)
    await page.keyboard.press("Enter")
    await page.waitForURL(`${url}${path}`)
  })
})

/** Waits for a text as it is on the screen. */
const seen = (page: Page, text: string | RegExp) => inBrowser(() => page.getByText(text).first().waitFor({ timeout }))

/** Whether the page is wider than its window. */
const overflows = (page: Page) =>
  inBrowser(() => page.evaluate<boolean>("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

/** Presses Tab until an element with this name has the focus. */
const tabTo = (page: Page, name: string) =>
  inBrowser(() => page.keyboard.press("Tab")).pipe(
    Effect.andThen(inBrowser(() => page.locator(":focus").textContent({ timeout }))),
    Effect.repeat({ until: (focused) => focused?.trim() === name, times: 40 }),
    Effect.tap((focused) => Effect.sync(() => assert.strictEqual(focused?.trim(), name))),
  )

/** A turn that waits for a permission. */
const waiting = Effect.fnUntraced(function* (title: string) {
  const opencode = yield* RealOpencode
  const { id } = yield* facts.createSession(opencode, title)
  yield* facts.prompt(opencode, id, `run: ${command}`)
  yield* facts.pending(opencode, "permission", id).pipe(eventually((ids) => ids.length === 1))
  return id
})

const isDone = (session: string) =>
  Effect.flatMap(RealOpencode, (opencode) => facts.texts(opencode, session)).pipe(
    eventually((texts) => texts.some((text) => text.includes("Done: from-42"))),
  )

withChromium("the page in Chromium", () => {
  layer(Layer.mergeAll(Fleet.layer, Browser.layer), { excludeTestServices: true })((it) => {
    it.effect("a person with a keyboard logs in, reads the whole command, and approves it", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const shots = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-page-" })
        const page = yield* (yield* Browser).open({ viewport: { width: 390, height: 844 }, colorScheme: "dark" })
        const complaints: Array<string> = []
        page.on("pageerror", ({ message }) => complaints.push(message))
        page.on("console", (message) => {
          if (message.type() === "error") complaints.push(message.text())
        })
        yield* logIn(page, "/")
        yield* seen(page, "Nothing waits for you.")
        // The page that is open already shows it.
        const session = yield* waiting("Approve by keyboard")
        yield* seen(page, "Approve once")
        assert.strictEqual(yield* inBrowser(() => page.locator("pre.act").first().innerText()), command)
        assert.match(yield* inBrowser(() => page.title()), /^\(1\)/u)
        for (const width of [390, 1280]) {
          yield* inBrowser(() => page.setViewportSize({ width, height: 844 }))
          yield* inBrowser(() => page.screenshot({ path: path.join(shots, `fleet-${width}.png`), fullPage: true }))
          assert.isFalse(yield* overflows(page), `horizontal overflow at ${width}`)
        }
        yield* tabTo(page, "Approve once")
        yield* inBrowser(() => page.keyboard.press("Enter"))
        yield* seen(page, "Allowed once.")
        yield* isDone(session)
        yield* tabTo(page, "Approve by keyboard")
        yield* inBrowser(() => page.keyboard.press("Enter"))
        yield* seen(page, "Done: from-42")
        yield* seen(page, "idle")
        assert.isFalse(yield* overflows(page))
        assert.deepStrictEqual(complaints, [])
      }),
    )

    it.effect("without JavaScript, the forms work", () =>
      Effect.gen(function* () {
        const session = yield* waiting("Without JavaScript")
        const page = yield* (yield* Browser).open({ javaScriptEnabled: false })
        yield* logIn(page, `/sessions?instance=shop&id=${session}`)
        yield* inBrowser(() => page.getByRole("button", { name: "Approve once" }).click())
        yield* seen(page, "Allowed once.")
        yield* isDone(session)
      }),
    )

    it.effect("a page of another site can send a form with the person's cookie: it is refused", () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const { url } = yield* Fleet
        const session = yield* waiting("Foreign origin")
        const page = yield* (yield* Browser).open()
        yield* logIn(page, `/sessions?instance=shop&id=${session}`)
        const form = yield* inBrowser(() => page.locator("form", { hasText: "Approve once" }).first().innerHTML())
        // Another port of the same host, to which a browser sends the cookie all the same.
        const foreign = HttpRouter.add(
          "GET",
          "/",
          HttpServerResponse.html(`<form method="post" action="${url}/requests">${form}</form>`),
        )
        const services = yield* Layer.build(HttpServing.layer(foreign, { host: "127.0.0.1", port: 0 }))
        yield* inBrowser(() =>
          page.goto(HttpServer.formatAddress(Context.get(services, HttpServer.HttpServer).address)),
        )
        const [answer] = yield* inBrowser(() =>
          Promise.all([
            page.waitForResponse(`${url}/requests`),
            page.getByRole("button", { name: "Approve once" }).click(),
          ]),
        )
        assert.isDefined((yield* inBrowser(() => answer.request().allHeaders()))["cookie"])
        assert.strictEqual(answer.status(), 403)
        assert.lengthOf(yield* facts.pending(opencode, "permission", session), 1)
        yield* facts.abort(opencode, session)
      }),
    )
  })
})
