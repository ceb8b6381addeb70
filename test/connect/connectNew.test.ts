/** `connectNew`: opencode is a real process (a shell script); HTTP is in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Option, Queue, Stream } from "effect"
import { OpencodeNeverAnswered, type StopSignal } from "../../src/connect/connect.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { refused } from "../../src/testing/Fault.ts"
import { freePort, webServer } from "../support/loopback.ts"
import { eventually } from "../support/eventually.ts"
import { filesIn, losingItsPort, makeOpencode, run, test, untilSignal } from "./opencodeScript.ts"

describe("opencode that connect has started", () => {
  it.live.each([
    ["exit 0", 0],
    ["exit 7", 7],
    ["kill -KILL $$", 137],
    ["kill -HUP $$", 129],
  ] as const)("passes on its exit status: %j", ([lines, status]) =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(lines)
      const { exitStatus } = yield* run(made)
      assert.strictEqual(exitStatus, status)
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )

  it.live.each([true, false])("receives its arguments unchanged, and a port (headless: %s)", (headless) =>
    Effect.gen(function* () {
      const made = yield* makeOpencode("exit 0")
      const args = ["--model", "it's $(id)", "--", "--print-logs"]
      yield* run(made, { args, headless })
      const given = yield* made.arguments
      const [port, flag, ...rest] = given.toReversed()
      assert.deepStrictEqual(rest.toReversed(), headless ? ["serve", ...args] : args)
      assert.strictEqual(flag, "--port")
      assert.isAbove(Number(port), 1023)
    }).pipe(test),
  )

  it.live.each([
    ["--port N", (port: number) => ["--port", String(port), "x"]],
    ["--port=N", (port: number) => [`--port=${port}`, "x"]],
    ["the last of two", (port: number) => ["--port", "1", "x", `--port=${port}`]],
  ] as const)("is registered with the port in its own arguments: %s", ([, args]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const made = yield* makeOpencode(untilSignal)
      const port = yield* freePort
      const stopSignals = yield* Queue.unbounded<StopSignal>()
      const running = yield* Effect.forkChild(
        run(made, { args: args(port), stopSignals: Stream.fromQueue(stopSignals) }),
      )
      const [file = ""] = yield* made.started
      assert.include(yield* fs.readFileString(`${made.relayDirectory}/${file}`), `"port":${port},`)
      assert.include((yield* made.arguments).join(" ").replace("=", " "), `--port ${port}`)
      yield* Queue.offer(stopSignals, "SIGTERM")
      yield* Fiber.join(running)
    }).pipe(test),
  )

  it.live.each(["SIGTERM", "SIGHUP"] as const)(
    "gets SIGTERM on %s, and its registration is removed after it has ended",
    (signal) =>
      Effect.gen(function* () {
        const made = yield* makeOpencode(untilSignal)
        const stopSignals = yield* Queue.unbounded<StopSignal>()
        const running = yield* Effect.forkChild(run(made, { stopSignals: Stream.fromQueue(stopSignals) }))
        const [file = ""] = yield* made.started
        yield* Queue.offer(stopSignals, signal)
        const { exitStatus, problem } = yield* Fiber.join(running)
        assert.strictEqual(exitStatus, 5)
        assert.isTrue(Option.isNone(problem))
        assert.deepStrictEqual(yield* made.signals, ["TERM"])
        assert.deepStrictEqual(yield* made.registered, [file])
        assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
      }).pipe(test),
  )

  it.live("receives Ctrl-C once: from connect if it is headless, else from the terminal", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(untilSignal)
      const stopSignals = yield* Queue.unbounded<StopSignal>()
      const inTerminal = yield* Effect.forkChild(
        run(made, { stopSignals: Stream.fromQueue(stopSignals), headless: false }),
      )
      yield* made.started
      yield* Queue.offerAll(stopSignals, ["SIGINT", "SIGTERM"])
      assert.strictEqual((yield* Fiber.join(inTerminal)).exitStatus, 5)
      assert.deepStrictEqual(yield* made.signals, ["TERM"])

      const headless = yield* Effect.forkChild(run(made, { stopSignals: Stream.fromQueue(stopSignals) }))
      yield* made.started
      yield* Queue.offer(stopSignals, "SIGINT")
      assert.strictEqual((yield* Fiber.join(headless)).exitStatus, 6)
      assert.deepStrictEqual(yield* made.signals, ["TERM", "INT"])
    }).pipe(test),
  )

  it.live("ends on interruption, and its registration is removed afterwards", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(untilSignal)
      const running = yield* Effect.forkChild(run(made))
      const registered = yield* made.started
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* made.signals, ["TERM"])
      assert.deepStrictEqual(yield* made.registered, registered)
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )

  it.live("is started again if another program takes the port that was chosen for it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const made = yield* makeOpencode(losingItsPort)
      fake.fail("GET /global/health", refused)
      const stopSignals = yield* Queue.unbounded<StopSignal>()
      const running = yield* Effect.forkChild(run(made, { stopSignals: Stream.fromQueue(stopSignals) }))
      yield* (yield* FileSystem.FileSystem).exists(`${made.parent}/ready`).pipe(eventually((isReady) => isReady))
      fake.heal()
      yield* made.started
      yield* Queue.offer(stopSignals, "SIGTERM")
      assert.strictEqual((yield* Fiber.join(running)).exitStatus, 5)
    }).pipe(test),
  )

  it.live("is reported if it ends before it has answered", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail("GET /global/health", refused)
      const { exitStatus, problem } = yield* run(yield* makeOpencode("sleep 0.3; exit 3"))
      assert.strictEqual(exitStatus, 3)
      const error = Option.getOrThrow(problem)
      assert.instanceOf(error, OpencodeNeverAnswered)
      assert.strictEqual(error.message, "opencode ended before it answered")
    }).pipe(test),
  )

  it.live("keeps running unregistered if it asks for a password that is not set, and the result says why", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.credentials = { username: "opencode", password: "secret" }
      const made = yield* makeOpencode("sleep 0.3; exit 0")
      const { exitStatus, problem } = yield* run(made)
      assert.strictEqual(exitStatus, 0)
      assert.strictEqual(Option.getOrThrow(problem)._tag, "Unauthorized")
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )
})

describe("connect does not start opencode", () => {
  it.live("if no registration can be written", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const made = yield* makeOpencode("exit 0")
      yield* fs.remove(made.relayDirectory, { recursive: true })
      yield* fs.writeFileString(made.relayDirectory, "a file")
      const error = yield* Effect.flip(run(made))
      assert.strictEqual(error._tag, "RegistrationFailed")
      assert.include(error.message, made.relayDirectory)
      assert.deepStrictEqual(yield* made.arguments, [])
    }).pipe(test),
  )

  it.live("on a busy port", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode("exit 0")
      const port = yield* webServer
      const error = yield* Effect.flip(run(made, { args: ["--port", String(port)] }))
      assert.include(error.message, `port ${port} is taken`)
      assert.deepStrictEqual(yield* made.arguments, [])
    }).pipe(test),
  )

  it.live("if it is not on the PATH", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode("exit 0")
      process.env["PATH"] = made.relayDirectory
      const error = yield* Effect.flip(run(made))
      assert.include(error.message, "no `opencode` on the PATH")
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )
})
