/** The web page in a real browser, over a real opencode: what a person sees, reaches with the keyboard, and decides. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Path } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import type { Page } from "playwright-core"
import { toolsLayer } from "../../src/layers.ts"
import * as WebPage from "../../src/web/page/Page.ts"
import { Browser, inBrowser } from "../support/Browser.ts"
import { makeRelay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { eventually } from "../support/McpClients.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { withChromium } from "../support/requirements.ts"
import { tokenGate } from "../web/page/scene.ts"

const patienceMs = 60_000

class Fleet extends Context.Service<Fleet, { readonly url: string }>()("opencode-fleet/test/Fleet") {
  static readonly layer = Layer.effect(
    Fleet,
    Effect.gen(function* () {
      const relay = yield* makeRelay()
      yield* relay.register("shop", yield* RealOpencode)
      const serving = HttpRouter.serve(WebPage.layer({}), { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provide([toolsLayer({ relayDirectory: relay.directory }), tokenGate]),
        Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
      )
      const { address } = Context.get(yield* Layer.build(serving), HttpServer.HttpServer)
      return { url: HttpServer.formatAddress(address) }
    }),
  ).pipe(Layer.provideMerge(RealOpencode.layer({ permission: "ask" })))
}

const command = "echo from-$((40 + 2)); true '<b>not markup</b>'"

const logIn = (page: Page, url: string, token = "full") =>
  inBrowser(async () => {
    await page.goto(url)
    await page.getByLabel("Access token").fill(token)
    await page.keyboard.press("Enter")
    await page.waitForURL(url)
  })

/** Waits for a text as it is on the screen. */
const seen = (page: Page, text: string | RegExp) =>
  inBrowser(() => page.getByText(text).first().waitFor({ timeout: patienceMs }))

/** Presses Tab until an element with this name has the focus. */
const tabTo = (page: Page, name: string) =>
  inBrowser(async () => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press("Tab")
      if ((await page.locator(":focus").textContent({ timeout: patienceMs }))?.trim() === name) return
    }
    throw new Error(`no ${name} within 40 presses of Tab`)
  })

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
        const { url } = yield* Fleet
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const shots = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-page-" })
        const page = yield* (yield* Browser).open({ viewport: { width: 390, height: 844 }, colorScheme: "dark" })
        const complaints: Array<string> = []
        page.on("pageerror", ({ message }) => complaints.push(message))
        page.on("console", (message) => {
          if (message.type() === "error") complaints.push(message.text())
        })
        yield* logIn(page, `${url}/`)
        yield* seen(page, "Nothing waits for you.")
        // The page that is open already shows it.
        const session = yield* waiting("Approve by keyboard")
        yield* seen(page, "Approve once")
        assert.strictEqual(yield* inBrowser(() => page.locator("pre.act").first().innerText()), command)
        assert.match(yield* inBrowser(() => page.title()), /^\(1\)/u)
        for (const width of [390, 1280]) {
          yield* inBrowser(() => page.setViewportSize({ width, height: 844 }))
          yield* inBrowser(() => page.screenshot({ path: path.join(shots, `fleet-${width}.png`), fullPage: true }))
          const overflow = yield* inBrowser(() =>
            page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
          )
          assert.strictEqual(overflow, 0, `overflow at ${width}`)
        }
        yield* tabTo(page, "Approve once")
        yield* inBrowser(() => page.keyboard.press("Enter"))
        yield* seen(page, "Allowed once.")
        yield* isDone(session)
        yield* tabTo(page, "Approve by keyboard")
        yield* inBrowser(() => page.keyboard.press("Enter"))
        yield* seen(page, "Done: from-42")
        yield* seen(page, "idle")
        assert.deepStrictEqual(complaints, [])
      }),
    )
  })
})
