/**
 * Serves the page over a fake fleet, to work on its looks: `node scripts/page/main.ts` prints its address. With a file name
 * it takes the picture for the docs instead: `node scripts/page/main.ts docs/page.jpg`.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { FakeFleet, fakeFleetLayer } from "../../src/testing/FakeFleet.ts"
import {
  assistant,
  done,
  msg,
  permission,
  question,
  ses,
  session,
  textPart,
  toolPart,
  user,
} from "../../src/testing/samples.ts"
import * as HttpServing from "../../src/web/HttpServing.ts"
import * as Page from "../../src/web/page/Page.ts"
import { Browser, inBrowser } from "../../test/support/Browser.ts"
import { openGate } from "../../test/web/page/scene.ts"

const now = Date.now()
const at = (minutes: number) => ({ created: now - minutes * 60_000, updated: now - minutes * 60_000 })

const command = `set -euo pipefail
npm ci --omit=dev
docker build -t registry.example.com/shop:$(git rev-parse --short HEAD) . && docker push registry.example.com/shop
curl -fsSL https://deploy.example.com/install.sh | sudo bash -s -- --env production --confirm`

const diff = `@@ -12,7 +12,9 @@ export const login = async (request) => {
   const user = await find(request.email)
-  if (user.password === request.password) return session(user)
+  if (await verify(user.hash, request.password)) {
+    return session(user)
+  }
   throw new Unauthorized()`

const fill = Effect.gen(function* () {
  const { at: fakeAt } = yield* FakeFleet
  const fake = fakeAt("shop")
  fake.sessions = [
    session("main", { title: "Deploy the shop to production", directory: "/home/ada/work/shop", time: at(1) }),
    session("auth", { title: "Hash the passwords", directory: "/home/ada/work/shop", time: at(3) }),
    session("ask", { title: "Choose a colour for the new banner", directory: "/home/ada/work/shop", time: at(6) }),
    session("tests", {
      title: "Make the checkout tests green",
      directory: "/home/ada/work/shop",
      time: at(0),
    }),
  ]
  for (const name of ["main", "auth", "ask"]) fake.statuses.set(ses(name), { type: "busy" })
  fake.statuses.set(ses("tests"), {
    type: "retry",
    attempt: 3,
    message: "429 rate limited by the provider",
    next: now + 20_000,
  })
  fake.permissions.push(
    {
      ...permission("1"),
      patterns: ["npm ci *", "docker build *", "curl *"],
      always: ["npm ci *", "docker build *", "docker push *", "curl *"],
      details: { command },
    },
    {
      ...permission("2", ses("auth")),
      permission: "edit",
      patterns: ["src/login.ts"],
      always: ["*"],
      details: { filepath: "src/login.ts", diff },
    },
  )
  fake.questions.push({
    ...question("3", ses("ask")),
    questions: [
      {
        question: "Which colour should the banner have?",
        options: [
          { label: "Red", description: "Loud, as the last sale" },
          { label: "Blue", description: "The brand's own" },
        ],
      },
      {
        question: "Where should it be shown?",
        multiple: true,
        options: [{ label: "Start page" }, { label: "Checkout" }],
      },
    ],
  })
  const info = assistant(msg("a1"), msg("p1"), {
    ...done("tool-calls"),
    agent: "build",
    model: "anthropic/claude-opus",
  })
  fake.store(
    ses("main"),
    user(msg("p1"), "Deploy the current main branch to production. Run the tests first, and tell me what you do."),
  )
  fake.store(ses("main"), {
    info,
    parts: [
      { ...textPart(info.id, "I run the tests first."), id: "prt_1" },
      toolPart(
        info.id,
        {
          status: "completed",
          input: { command: "npm test" },
          output: "✓ 214 tests passed\n\nDuration 12.31s",
          time: { start: 1, end: 12_400 },
          report: { exit: 0 },
        },
        "bash",
        "prt_2",
      ),
      toolPart(
        info.id,
        {
          status: "completed",
          input: { filePath: "/home/ada/work/shop/CHANGELOG.md" },
          output: "Wrote file",
          report: { added: 4, removed: 1 },
        },
        "edit",
        "prt_3",
      ),
      toolPart(
        info.id,
        { status: "completed", input: { command: "git push" }, output: "fatal: no upstream", report: { exit: 128 } },
        "bash",
        "prt_4",
      ),
    ],
  })
  const second = assistant(msg("a2"), msg("p1"), { agent: "build", model: "anthropic/claude-opus" })
  fake.store(ses("main"), {
    info: second,
    parts: [
      { type: "reasoning", id: "prt_5", messageID: second.id, text: "There is no upstream, so…" },
      {
        ...textPart(
          second.id,
          "All 214 tests pass. The branch has no upstream, so I build the image from the working copy and deploy that:",
        ),
        id: "prt_6",
      },
      toolPart(second.id, { status: "running", input: { command } }, "bash", "prt_7"),
    ],
  })
})

const others = Effect.map(FakeFleet, ({ at: fakeAt }) => {
  const docs = fakeAt("docs")
  docs.sessions = [session("docs", { title: "Explain the new settings", directory: docs.directory, time: at(2) })]
  docs.statuses.set(ses("docs"), { type: "busy" })
  const service = fakeAt("ada-laptop")
  service.sessions = [
    session("one", { title: "Upgrade the database driver", directory: "/home/ada/work/billing", time: at(55) }),
    session("two", { title: "Translate the invoices", directory: "/home/ada/work/invoices", time: at(190) }),
  ]
})

const instances = [
  { name: "shop", directory: "/home/ada/work/shop" },
  { name: "docs", directory: "/home/ada/work/docs" },
  { name: "ada-laptop", api: 2, directory: "/home/ada" },
] as const

const fakes = Layer.effectDiscard(Effect.andThen(fill, others)).pipe(
  Layer.provideMerge(fakeFleetLayer(...instances)),
  Layer.provideMerge(openGate),
)

const served = HttpServing.layer(Page.layer({}), { host: "127.0.0.1", port: 0 }).pipe(Layer.provide(fakes))

const program = Effect.gen(function* () {
  const { address } = Context.get(yield* Layer.build(served), HttpServer.HttpServer)
  const url = HttpServer.formatAddress(address)
  const [, , file] = process.argv
  if (file === undefined) {
    yield* Console.log(url)
    return yield* Effect.never
  }
  const page = yield* (yield* Browser).open({ viewport: { width: 1100, height: 600 } })
  yield* inBrowser(() => page.goto(url))
  yield* inBrowser(() => page.screenshot({ path: file, type: "jpeg", quality: 60 }))
}).pipe(Effect.scoped, Effect.provide(Browser.layer))

NodeRuntime.runMain(program)
