/** A real Chromium without a window. */
import { Context, Effect, Layer, type Scope } from "effect"
import { type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { find } from "./requirements.ts"

/** Runs something in the browser. A failure of it fails the test. */
export const inBrowser = <A>(run: () => Promise<A>): Effect.Effect<A> => Effect.promise(run)

export class Browser extends Context.Service<
  Browser,
  {
    /** A page with cookies of its own, until the scope closes. */
    readonly open: (options?: BrowserContextOptions) => Effect.Effect<Page, never, Scope.Scope>
  }
>()("opencode-fleet/test/Browser") {
  static readonly layer = Layer.effect(
    Browser,
    Effect.gen(function* () {
      const browser = yield* Effect.acquireRelease(
        inBrowser(() =>
          chromium.launch({
            executablePath: find("chromium") ?? "chromium",
            // Chromium has no sandbox for root, and tests may run as root.
            args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
          }),
        ),
        (browser) => inBrowser(() => browser.close()),
      )
      const open = (options: BrowserContextOptions = {}) =>
        Effect.acquireRelease(
          inBrowser(() => browser.newContext(options)),
          (context) => inBrowser(() => context.close()),
        ).pipe(Effect.flatMap((context) => inBrowser(() => context.newPage())))
      return { open }
    }),
  )
}
