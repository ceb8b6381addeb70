import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"

describe("LocalMachine", () => {
  it.effect("distinguishes a running process from an exited one, and from a later one with its id", () =>
    Effect.gen(function* () {
      const { birthOf, isAlive } = yield* LocalMachine
      const child = spawn("sleep", ["60"])
      const pid = child.pid ?? 0
      const birth = birthOf(pid)
      assert.isTrue(isAlive(pid))
      assert.isTrue(isAlive(pid, birth))
      // On a system that says when a process was born.
      if (birth !== undefined) assert.isFalse(isAlive(pid, birthOf(process.pid)))
      child.kill("SIGKILL")
      yield* Effect.promise(() => once(child, "exit"))
      assert.isFalse(isAlive(pid))
      assert.isFalse(isAlive(pid, birth))
      assert.isUndefined(birthOf(pid))
    }),
  )

  it.effect("regards processes of other users as alive", () =>
    Effect.gen(function* () {
      const { isAlive } = yield* LocalMachine
      assert.isTrue(isAlive(1))
    }),
  )

  it.effect("has no loopback addresses", () =>
    Effect.gen(function* () {
      const { addresses } = yield* LocalMachine
      for (const loopback of ["127.0.0.1", "::1"]) assert.notInclude(addresses(), loopback)
    }),
  )
})
