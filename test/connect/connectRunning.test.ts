/** `connectRunning`: the running opencode is in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Queue, Stream } from "effect"
import { type ConnectOptions, connectRunning, type StopSignal } from "../../src/connect/connect.ts"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { hang, refused, unauthorized, unavailable, webPage } from "../../src/testing/Fault.ts"
import { whilePassing } from "../support/overFake.ts"
import { FakeSsh } from "./tunnel/FakeSsh.ts"
import { eventually, laptop, makeDirectories, registrationsIn, services } from "./joining.ts"
import { seconds } from "./tunnel/tunnel.ts"

const health = "GET /global/health"

/** Starts `connectRunning` with directories of its own. */
const start = Effect.fnUntraced(function* (options: Partial<ConnectOptions> = {}) {
  const directories = yield* makeDirectories
  const stopSignals = yield* Queue.unbounded<StopSignal>()
  const fiber = yield* connectRunning({
    port: 4096,
    connect: { pid: 3, log: "/log" },
    stopSignals: Stream.fromQueue(stopSignals),
    ...directories,
    ...options,
  }).pipe(Effect.provideService(LocalMachine, laptop), Effect.forkChild)
  return { fiber, stopSignals, registrations: registrationsIn(directories.relayDirectory) }
})

/** Waits until it is registered. */
const startRegistered = Effect.fnUntraced(function* (options?: Partial<ConnectOptions>) {
  const started = yield* start(options)
  const registrations = started.registrations.pipe(Effect.orElseSucceed(() => ({})))
  yield* eventually(registrations, (all) => Object.keys(all).length === 1)
  return started
})

const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

describe("connect with a running opencode", () => {
  it.effect("registers it without a process id, because connect has not started it", () =>
    Effect.gen(function* () {
      const { registrations } = yield* startRegistered()
      const { pid, ...registration } = (yield* registrations)["laptop-project.json"] ?? { pid: 1 }
      assert.isUndefined(pid)
      assert.deepInclude(registration, { port: 4096, cwd: "/work/project", connect: { pid: 3, log: "/log" } })
    }).pipe(test),
  )

  it.effect.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("ends on %s and leaves opencode running", (signal) =>
    Effect.gen(function* () {
      const fake = yield* FakeSsh
      const { stopSignals, fiber, registrations } = yield* startRegistered({
        relay: { command: "ssh me@relay", withoutPassword: true },
      })
      yield* eventually(
        Effect.sync(() => fake.files.size),
        (count) => count === 1,
      )
      yield* Queue.offer(stopSignals, signal)
      assert.deepStrictEqual(yield* Fiber.join(fiber), { exitStatus: 0, problem: Option.none() })
      assert.deepStrictEqual(yield* registrations, {})
      assert.strictEqual(fake.files.size, 0)
    }).pipe(test),
  )

  it.effect("ends within seconds after opencode has ended", () =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { fiber, registrations } = yield* startRegistered()
      yield* seconds(60)
      assert.isUndefined(fiber.pollUnsafe())
      fake.fail(health, refused)
      yield* seconds(8)
      assert.deepStrictEqual(yield* Fiber.join(fiber), { exitStatus: 0, problem: Option.none() })
      assert.deepStrictEqual(yield* registrations, {})
    }).pipe(test),
  )

  it.effect.each([
    ["hangs", hang],
    ["answers 503", unavailable],
    ["answers 401", unauthorized],
    ["refuses a connection now and then", undefined],
  ] as const)("keeps it registered while it %s", ([, fault]) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      const { fiber, registrations } = yield* startRegistered()
      for (let count = 0; count < 10; count++) {
        if (fault === undefined) fake.fail(health, refused, 2)
        else fake.fail(health, fault, 5)
        yield* seconds(10)
      }
      assert.isUndefined(fiber.pollUnsafe())
      assert.hasAllKeys(yield* registrations, ["laptop-project.json"])
    }).pipe(test),
  )

  it.effect.each([
    ["no program listens", refused, "InstanceUnreachable"],
    ["another program listens", webPage, "UnexpectedResponse"],
    ["opencode asks for a password", unauthorized, "Unauthorized"],
    ["opencode hangs", hang, "RequestTimeout"],
  ] as const)("fails at once and registers nothing if %s", ([, fault, tag]) =>
    Effect.gen(function* () {
      const fake = yield* FakeOpencode
      fake.fail(health, fault)
      const { fiber, registrations } = yield* start()
      const error = yield* whilePassing(3000, Effect.flip(Fiber.join(fiber)))
      assert.strictEqual(error._tag, tag)
      assert.strictEqual((yield* Effect.exit(registrations))._tag, "Failure")
    }).pipe(test),
  )
})
