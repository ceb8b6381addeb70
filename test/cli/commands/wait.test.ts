import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestConsole } from "effect/testing"
import { waitForSessions } from "../../../src/cli/commands/wait.ts"
import { Settings } from "../../../src/Settings.ts"
import { here } from "../../../src/testing/samples.ts"
import { pass } from "../../support/overFake.ts"
import { asks, end, ended, fakes, fleet, running } from "../../support/twoInstances.ts"
import { fakeTerminal } from "../terminal/fakeTerminal.ts"
import { resultOf, type Typed } from "./scene.ts"

const scene = Layer.merge(fleet, Settings.layerOf({ relayDirectory: "/relay", sendTimeout: 60_000 }))

const both = ["api/latest", "web"]

const waiting = Effect.fnUntraced(function* (
  given: Partial<Parameters<typeof waitForSessions>[0]> = {},
  typed?: Typed,
) {
  const command = waitForSessions({ places: both, any: false, asJson: false, ...given })
  const fiber = yield* Effect.forkChild(
    Effect.provide(command, fakeTerminal(typed).layer({ canPrompt: typed !== undefined })),
  )
  yield* pass(2000)
  return { fiber }
})

const stdout = Effect.map(TestConsole.logLines, (lines) => lines.map(String))
const stderr = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))

describe("wait", () => {
  it.effect("prints a line as each session ends, and exits with 0 when all are completed", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const waits = yield* waiting()
      end(web, "I looked.\nAll is well.")
      yield* pass(2000)
      assert.deepStrictEqual(yield* stdout, [`completed  web/${here}  Session main  All is well.`])
      assert.include(yield* stderr, `1 of 2 ended; api/${here} works`)
      end(api, "Done.")
      assert.deepStrictEqual(yield* resultOf(waits, 2000), { status: 0, reason: "" })
      assert.strictEqual((yield* stdout)[1], `completed  api/${here}  Session main  Done.`)
    }).pipe(Effect.provide(scene)),
  )

  it.effect(
    "one of the sessions of `wait` waits for a person: exit status 3, with the commands that decide; 4 if one is only still running",
    () =>
      Effect.gen(function* () {
        const { api, web } = yield* fakes
        running(api)
        running(web)
        const waits = yield* waiting()
        asks(api)
        yield* pass(2000)
        end(web, "Done.")
        const { reason, status } = yield* resultOf(waits, 2000)
        assert.strictEqual(status, 3)
        assert.include(reason, "1 session waiting for a person")
        assert.include(reason, `\`opencode-fleet approve api ${here}\``)
        assert.strictEqual(
          (yield* stdout)[0],
          `needs permission  api/${here}  permission for bash: rm -rf build  Session main`,
        )
        running(web)
        assert.strictEqual((yield* resultOf(yield* waiting({ places: ["web"] }), 64_000)).status, 4)
      }).pipe(Effect.provide(scene)),
  )

  it.effect("takes a place as two words, as other commands do", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      ended(api, "Done.")
      ended(web, "Looked.")
      const waits = yield* waiting({ places: ["web", here, "api", "latest"] })
      assert.deepStrictEqual(yield* resultOf(waits), { status: 0, reason: "" })
      assert.sameMembers(yield* stdout, [
        `completed  api/${here}  Session main  Done.`,
        `completed  web/${here}  Session main  Looked.`,
      ])
    }).pipe(Effect.provide(scene)),
  )

  it.effect("with --any exits with 0 when the first is completed", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      const waits = yield* waiting({ any: true })
      end(web, "Done.")
      assert.strictEqual((yield* resultOf(waits, 2000)).status, 0)
      assert.lengthOf(yield* stdout, 1)
    }).pipe(Effect.provide(scene)),
  )

  it.effect(
    "one of the sessions of `wait` cannot be followed: the others are followed to their ends, and the exit status is 1",
    () =>
      Effect.gen(function* () {
        const { api } = yield* fakes
        ended(api, "Done.")
        const { reason, status } = yield* resultOf(yield* waiting({ places: ["api", "nowhere/latest"] }))
        assert.strictEqual(status, 1)
        assert.include(reason, "Of 2 sessions: 1 session not completed")
        const lines = (yield* stdout).join("\n")
        assert.include(lines, "completed  api/")
        assert.match(lines, /error {2}nowhere\/latest {2}There is no instance "nowhere".+`opencode-fleet instances`/u)
      }).pipe(Effect.provide(scene)),
  )

  it.effect(
    "`wait` without arguments, in a script: it waits for all busy sessions, or says that no session is busy",
    () =>
      Effect.gen(function* () {
        const { api, web } = yield* fakes
        ended(api, "Idle.")
        assert.strictEqual((yield* resultOf(yield* waiting({ places: [] }))).status, 0)
        assert.include(yield* stderr, "No session is busy.")
        running(web)
        const waits = yield* waiting({ places: [], asJson: true })
        end(web, "Done.")
        assert.strictEqual((yield* resultOf(waits, 2000)).status, 0)
        const [json, ...others] = yield* stdout
        assert.lengthOf(others, 0)
        assert.deepInclude(JSON.parse(json ?? ""), { ended_count: 1, running_count: 0 })
      }).pipe(Effect.provide(scene)),
  )

  it.effect("`wait` without arguments, in a terminal: you choose among the busy sessions", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      // Below the two rows for all and for the inverse, the first session is deselected.
      const waits = yield* waiting({ places: [] }, [["down", "down", "space", "enter"]])
      end(web, "Done.")
      assert.strictEqual((yield* resultOf(waits, 2000)).status, 0)
      assert.deepStrictEqual(yield* stdout, [`completed  web/${here}  Session main  Done.`])
      yield* Fiber.interrupt((yield* waiting({ places: [] }, [])).fiber)
      assert.include(yield* stderr, "Stopped following.")
    }).pipe(Effect.provide(scene)),
  )

  it.effect("Ctrl-C during `wait`: it stops following, and the agents keep working", () =>
    Effect.gen(function* () {
      const { api, web } = yield* fakes
      running(api)
      running(web)
      yield* Fiber.interrupt((yield* waiting()).fiber)
      assert.include(yield* stderr, "The agents are still working.")
      assert.deepStrictEqual([...api.aborts, ...web.aborts], [])
    }).pipe(Effect.provide(scene)),
  )
})
