import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/eventually.ts"
import { startRaw } from "../support/RawServer.ts"
import { BundledToys } from "./bundledToys.ts"

const toys = Effect.gen(function* () {
  const raw = yield* startRaw(yield* makeRelay(), yield* BundledToys)
  yield* raw.initialize()
  return raw
})

layer(BundledToys.layer, { excludeTestServices: true })("ToolServer.serve", (it) => {
  it.effect("turns a defect into an error result and a log line, and keeps running", () =>
    Effect.gen(function* () {
      const raw = yield* toys
      const { result } = yield* raw.request("tools/call", { name: "break", arguments: {} })
      assert.isTrue(result?.["isError"])
      assert.notInclude(JSON.stringify(result), "a toy is broken")
      yield* raw.stderr.pipe(eventually((text) => text.includes("a toy is broken")))
      assert.deepStrictEqual((yield* raw.request("ping")).result, {})
    }),
  )

  it.effect("reads null as an omitted parameter, unless the tool accepts null", () =>
    Effect.gen(function* () {
      const raw = yield* toys
      const greet = (args: object) => raw.request("tools/call", { name: "greet", arguments: args })
      assert.deepStrictEqual((yield* greet({ name: null })).result?.["structuredContent"], { greeted: {} })
      assert.deepStrictEqual((yield* greet({ title: null })).result?.["structuredContent"], {
        greeted: { title: null },
      })
      assert.isTrue((yield* greet({ name: {}, title: null })).result?.["isError"])
    }),
  )

  it.effect("sends progress for a progress token, in order and before the result", () =>
    Effect.gen(function* () {
      const raw = yield* toys
      const { result } = yield* raw.request("tools/call", {
        name: "count",
        arguments: {},
        _meta: { progressToken: "token" },
      })
      assert.deepStrictEqual(result?.["structuredContent"], { wanted: true })
      const lines = (yield* raw.stdout).split("\n").filter((line) => line.includes("notifications/progress"))
      assert.deepStrictEqual(
        lines.map((line) => /"progress":(\d)/u.exec(line)?.[1]),
        ["1", "2", "3"],
      )
      for (const line of lines) assert.include(line, '"progressToken":"token"')
    }),
  )

  it.effect("sends no progress without a progress token", () =>
    Effect.gen(function* () {
      const raw = yield* toys
      const { result } = yield* raw.request("tools/call", { name: "count", arguments: {} })
      assert.deepStrictEqual(result?.["structuredContent"], { wanted: false })
      assert.notInclude(yield* raw.stdout, "notifications/progress")
    }),
  )

  it.effect("interrupts the handler of a cancelled call and still answers other requests", () =>
    Effect.gen(function* () {
      const raw = yield* toys
      const call = yield* raw.send("tools/call", { name: "wait", arguments: {} })
      yield* raw.stderr.pipe(eventually((text) => text.includes("waiting")))
      yield* raw.notify("notifications/cancelled", { requestId: call })
      yield* raw.stderr.pipe(eventually((text) => text.includes("stopped")))
      assert.deepStrictEqual((yield* raw.request("ping")).result, {})
      assert.isUndefined((yield* raw.answers).find(({ id }) => id === call))
    }),
  )

  it.effect("answers what was asked before stdin was closed, and gives up a call that waits", () =>
    Effect.gen(function* () {
      const raw = yield* toys
      const waits = yield* raw.send("tools/call", { name: "wait", arguments: {} })
      yield* raw.stderr.pipe(eventually((text) => text.includes("waiting")))
      const greets = yield* raw.send("tools/call", { name: "greet", arguments: { name: "last" } })
      yield* raw.closeStdin
      assert.deepStrictEqual(yield* raw.ended, { code: 0, signal: null })
      assert.include(yield* raw.stderr, "stopped")
      const answers = new Map((yield* raw.answers).map(({ id, result }) => [id, result]))
      assert.deepStrictEqual(answers.get(greets)?.["structuredContent"], { greeted: { name: "last" } })
      assert.isTrue(answers.get(waits)?.["isError"])
      assert.include(JSON.stringify(answers.get(waits)), "The server was stopped during this call.")
    }),
  )

  it.effect.each(["stdin is closed", "it receives SIGTERM"])(
    "exits when %s although its stdout is not read",
    (ending) =>
      Effect.gen(function* () {
        const raw = yield* toys
        yield* raw.stopReading
        yield* raw.send("tools/call", { name: "flood", arguments: {}, _meta: { progressToken: "token" } })
        yield* raw.stderr.pipe(eventually((text) => text.includes("flooding")))
        yield* ending === "stdin is closed" ? raw.closeStdin : raw.kill("SIGTERM")
        assert.deepStrictEqual(yield* raw.exited, { code: 0, signal: null })
      }),
  )
})
