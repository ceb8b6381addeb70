/** Claims on sessions: who sees them, how long they hold, and what happens where they cannot be made. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Logger, Option } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { TestClock } from "effect/testing"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"
import { type Claim, claimsIn, renewEvery } from "../../src/machine/SessionClaims.ts"
import { eventually } from "../support/eventually.ts"

const endedProcess = 0x7f_ff_ff_ff

/** The claims of this process, of another one of this machine, of one that has ended, and of one on another machine. */
const scene = Effect.gen(function* () {
  const machine = yield* LocalMachine
  const fs = yield* FileSystem.FileSystem
  const directory = `${yield* fs.makeTempDirectoryScoped()}/claims`
  return {
    directory,
    file: `${directory}/ses_1.claim`,
    own: claimsIn(directory, machine),
    other: claimsIn(directory, machine, { pid: process.ppid }),
    ended: claimsIn(directory, machine, { pid: endedProcess }),
    remote: claimsIn(directory, { ...machine, hostname: "remote" }, { pid: endedProcess }),
  }
})

/** Moves the last renewal of the claim into the past. */
const age = Effect.fnUntraced(function* (file: string, seconds: number) {
  const fs = yield* FileSystem.FileSystem
  const then = Date.now() - seconds * 1000
  yield* fs.utimes(file, then / 1000, then / 1000)
})

/** A program that makes a claim, and prints what it got. */
const claimOnce = `
  process.on("SIGXFSZ", () => {})
  const [, directory] = process.argv
  const { claimsIn } = await import(${JSON.stringify(new URL("../../src/machine/SessionClaims.ts", import.meta.url))})
  const { Effect, Logger } = await import(${JSON.stringify(import.meta.resolve("effect"))})
  const machine = { hostname: "here", isAlive: () => true, birthOf: () => undefined, addresses: () => [] }
  const claim = claimsIn(directory, machine).claim("ses_1").pipe(Effect.provide(Logger.layer([])))
  console.log(await Effect.runPromise(claim))
`

const abandonedOf = (claim: Claim) => (typeof claim === "string" ? undefined : claim.abandoned)

const release = (claim: Claim) => (typeof claim === "string" ? Effect.die(claim) : claim.release)

describe("A claim on a session", () => {
  it.effect("is seen by other servers until it is released", () =>
    Effect.gen(function* () {
      const { other, own } = yield* scene
      const claim = yield* own.claim("ses_1")
      assert.strictEqual(yield* other.claim("ses_1"), "taken")
      assert.strictEqual(yield* own.claim("ses_1"), "taken")
      assert.isObject(yield* other.claim("ses_2"))
      yield* release(claim)
      assert.isUndefined(abandonedOf(yield* other.claim("ses_1")))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("that is released twice does not end the claim that another server has made since", () =>
    Effect.gen(function* () {
      const { other, own } = yield* scene
      const claim = yield* own.claim("ses_1")
      yield* release(claim)
      assert.isObject(yield* other.claim("ses_1"))
      yield* release(claim)
      assert.strictEqual(yield* own.claim("ses_1"), "taken")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("that was lost to another server does not end that server's claim", () =>
    Effect.gen(function* () {
      const { file, other, own } = yield* scene
      const claim = yield* own.claim("ses_1")
      yield* age(file, 31)
      assert.isObject(yield* other.claim("ses_1"))
      yield* release(claim)
      assert.strictEqual(yield* own.claim("ses_1"), "taken")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("of a process that has ended is void, and its next holder learns that it was abandoned", () =>
    Effect.gen(function* () {
      const { ended, own } = yield* scene
      assert.isObject(yield* ended.claim("ses_1"))
      // Also the one after it, until one has said that it knows what became of the message.
      for (const forgets of [false, true]) {
        const next = yield* own.claim("ses_1")
        const forget = abandonedOf(next)
        assert.isDefined(forget)
        if (forgets) yield* forget
        yield* release(next)
      }
      assert.isUndefined(abandonedOf(yield* own.claim("ses_1")))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("of another machine holds for 30 s after it was renewed", () =>
    Effect.gen(function* () {
      const { file, own, remote } = yield* scene
      assert.isObject(yield* remote.claim("ses_1"))
      yield* age(file, 20)
      assert.strictEqual(yield* own.claim("ses_1"), "taken")
      yield* age(file, 31)
      const next = yield* own.claim("ses_1")
      assert.isObject(next)
      assert.isUndefined(abandonedOf(next))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("is renewed while it is held, however long that takes, and not afterwards", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { file, own, remote } = yield* scene
      const claim = yield* remote.claim("ses_1")
      const text = yield* fs.readFileString(file)
      for (let round = 0; round < 3; round++) {
        yield* age(file, 31)
        yield* TestClock.adjust(renewEvery)
        yield* fs.stat(file).pipe(
          eventually(({ mtime }) => Option.exists(mtime, (time) => Date.now() - time.getTime() < 20_000)),
          TestClock.withLive,
        )
        assert.strictEqual(yield* own.claim("ses_1"), "taken")
      }
      assert.strictEqual(yield* fs.readFileString(file), text)
      yield* release(claim)
      yield* TestClock.adjust(renewEvery)
      assert.isFalse(yield* fs.exists(file))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("does not block the session if its server was killed before it had written its name", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, file, own } = yield* scene
      yield* fs.makeDirectory(directory)
      yield* fs.writeFileString(file, "")
      assert.strictEqual(yield* own.claim("ses_1"), "taken")
      yield* age(file, 31)
      assert.isObject(yield* own.claim("ses_1"))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("leaves no file behind if the disk is full, which would keep all servers from the session", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/claims`
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      // No file of this process may hold a byte.
      const withoutRoom = ChildProcess.make("sh", [
        "-c",
        'ulimit -f 0; exec "$@"',
        "sh",
        process.execPath,
        "-e",
        claimOnce,
        directory,
      ])
      assert.strictEqual((yield* spawner.string(withoutRoom)).trim(), "unavailable")
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("that cannot be made is told once for each reason", () => {
    const told: Array<unknown> = []
    const logger = Logger.layer([Logger.make(({ message }) => void told.push(message))])
    return Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, own } = yield* scene
      assert.isUndefined(yield* own.problem)
      yield* fs.remove(directory, { recursive: true })
      yield* fs.writeFileString(directory, "")
      assert.strictEqual(yield* own.claim("ses_1"), "unavailable")
      assert.strictEqual(yield* own.claim("ses_1"), "unavailable")
      const reason = `${directory} cannot be used: it exists already (EEXIST)`
      assert.strictEqual(yield* own.problem, reason)
      assert.lengthOf(told, 1)
      assert.include(String(told[0]), reason)
    }).pipe(Effect.provide([NodeServices.layer, logger]))
  })
})
