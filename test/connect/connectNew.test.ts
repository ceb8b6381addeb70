/** The life of an opencode that `connect` starts: a real process, which is a shell script, and HTTP in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Option, Queue, Stream } from "effect"
import type { StopSignal } from "../../src/connect/connect.ts"
import { FakeOpencode } from "../support/FakeOpencode.ts"
import { refused } from "../support/Fault.ts"
import { freePort, webServer } from "../support/loopback.ts"
import { filesIn, makeOpencode, run, test, until, untilAsked } from "./opencodeScript.ts"

describe("opencode under connect", () => {
  it.live.each([
    ["exit 0", 0],
    ["exit 7", 7],
    ["kill -KILL $$", 137],
    ["kill -HUP $$", 129],
  ] as const)("that ends with %j gives its status on", ([lines, status]) =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(lines)
      const outcome = yield* run(made)
      assert.strictEqual(outcome.status, status)
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )

  it.live.each([true, false])("gets its arguments as they are, and a port (headless: %s)", (headless) =>
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
  ] as const)("is registered at the port that its own arguments ask for: %s", ([, args]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const made = yield* makeOpencode(untilAsked)
      const port = yield* freePort
      const stopSignals = yield* Queue.unbounded<StopSignal>()
      const running = yield* Effect.forkChild(
        run(made, { args: args(port), stopSignals: Stream.fromQueue(stopSignals) }),
      )
      const [file = ""] = yield* until(filesIn(made.relayDirectory), (files) => files.length > 0)
      assert.include(yield* fs.readFileString(`${made.relayDirectory}/${file}`), `"port":${port},`)
      assert.include((yield* made.arguments).join(" ").replace("=", " "), `--port ${port}`)
      yield* Queue.offer(stopSignals, "SIGTERM")
      yield* Fiber.join(running)
    }).pipe(test),
  )

  it.live.each(["SIGTERM", "SIGHUP"] as const)("is asked to end on %s, and only then its registration goes", (signal) =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(untilAsked)
      const stopSignals = yield* Queue.unbounded<StopSignal>()
      const running = yield* Effect.forkChild(run(made, { stopSignals: Stream.fromQueue(stopSignals) }))
      const [file = ""] = yield* until(filesIn(made.relayDirectory), (files) => files.length > 0)
      yield* Queue.offer(stopSignals, signal)
      const { status, trouble } = yield* Fiber.join(running)
      assert.strictEqual(status, 5)
      assert.isTrue(Option.isNone(trouble))
      assert.deepStrictEqual(yield* made.asked, ["TERM"])
      assert.deepStrictEqual(yield* made.registered, [file])
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )

  it.live("gets a Ctrl-C once: passed on if it is headless, from the terminal itself if it is not", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(untilAsked)
      const stopSignals = yield* Queue.unbounded<StopSignal>()
      const inTerminal = yield* Effect.forkChild(
        run(made, { stopSignals: Stream.fromQueue(stopSignals), headless: false }),
      )
      yield* until(filesIn(made.relayDirectory), (files) => files.length > 0)
      yield* Queue.offerAll(stopSignals, ["SIGINT", "SIGTERM"])
      assert.strictEqual((yield* Fiber.join(inTerminal)).status, 5)
      assert.deepStrictEqual(yield* made.asked, ["TERM"])

      const headless = yield* Effect.forkChild(run(made, { stopSignals: Stream.fromQueue(stopSignals) }))
      yield* until(filesIn(made.relayDirectory), (files) => files.length > 0)
      yield* Queue.offer(stopSignals, "SIGINT")
      assert.strictEqual((yield* Fiber.join(headless)).status, 6)
      assert.deepStrictEqual(yield* made.asked, ["TERM", "INT"])
    }).pipe(test),
  )

  it.live("that is interrupted is ended first, and its registration after it", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode(untilAsked)
      const running = yield* Effect.forkChild(run(made))
      const registered = yield* until(filesIn(made.relayDirectory), (files) => files.length > 0)
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* made.asked, ["TERM"])
      assert.deepStrictEqual(yield* made.registered, registered)
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )

  it.live("that ends before it has answered says so, and has not been registered", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail("GET /global/health", refused)
      const outcome = yield* run(yield* makeOpencode("sleep 0.3; exit 3"))
      assert.deepStrictEqual(outcome, { status: 3, trouble: Option.some("opencode ended before it answered") })
    }).pipe(test),
  )

  it.live("that asks for a password which is not there runs on, unregistered, and the end says why", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.credentials = { username: "opencode", password: "secret" }
      const made = yield* makeOpencode("sleep 0.3; exit 0")
      const { status, trouble } = yield* run(made)
      assert.strictEqual(status, 0)
      assert.match(Option.getOrThrow(trouble), /OPENCODE_SERVER_PASSWORD/u)
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )
})

describe("opencode is not started", () => {
  it.live("where no registration can be written: that is said before its terminal UI is there", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const made = yield* makeOpencode("exit 0")
      yield* fs.remove(made.relayDirectory, { recursive: true })
      yield* fs.writeFileString(made.relayDirectory, "a file")
      const error = yield* Effect.flip(run(made))
      assert.include(error.message, "RELAY_REGISTRY_DIR")
      assert.deepStrictEqual(yield* made.arguments, [])
    }).pipe(test),
  )

  it.live("on a port where somebody is already", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode("exit 0")
      const port = yield* webServer
      const error = yield* Effect.flip(run(made, { args: ["--port", String(port)] }))
      assert.include(error.message, `port ${port} is taken`)
      assert.deepStrictEqual(yield* made.arguments, [])
    }).pipe(test),
  )

  it.live("where there is none: the message says where to get it", () =>
    Effect.gen(function* () {
      const made = yield* makeOpencode("exit 0")
      process.env["PATH"] = made.relayDirectory
      const error = yield* Effect.flip(run(made))
      assert.match(error.message, /no `opencode` on the PATH.*https:\/\/opencode\.ai/u)
      assert.deepStrictEqual(yield* filesIn(made.relayDirectory), [])
    }).pipe(test),
  )
})
