/** One turn at a time holds for two opencode-fleet servers of one user on one machine. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { claimsIn, SessionClaims } from "../../../src/machine/SessionClaims.ts"
import { Turns } from "../../../src/opencode/turns/Turns.ts"
import { overFake, target } from "../../support/overFake.ts"
import { main, withMain } from "./sending.ts"

/** The claims of this process and those of a server that runs as the process `pid`. */
const claimsOf = Effect.fnUntraced(function* (pid: number) {
  const machine = yield* LocalMachine
  const fs = yield* FileSystem.FileSystem
  const directory = `${yield* fs.makeTempDirectoryScoped()}/claims`
  return { directory, own: claimsIn(directory, machine), other: claimsIn(directory, machine, pid) }
})

const endedProcess = 0x7f_ff_ff_ff

describe("A claim on a session", () => {
  it.effect("is seen by other servers until it is released", () =>
    Effect.gen(function* () {
      const { other, own } = yield* claimsOf(process.ppid)
      const claim = yield* own.claim("ses_1")
      assert.strictEqual(yield* other.claim("ses_1"), "taken")
      assert.isObject(yield* other.claim("ses_2"))
      if (typeof claim !== "string") yield* claim.release
      assert.isObject(yield* other.claim("ses_1"))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("of a process that has ended is void", () =>
    Effect.gen(function* () {
      const { other, own } = yield* claimsOf(endedProcess)
      assert.isObject(yield* other.claim("ses_1"))
      assert.isObject(yield* own.claim("ses_1"))
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("cannot be made in a directory that cannot be used", () =>
    Effect.gen(function* () {
      const { directory, own } = yield* claimsOf(process.ppid)
      yield* (yield* FileSystem.FileSystem).writeFileString(directory, "")
      assert.strictEqual(yield* own.claim("ses_1"), "unavailable")
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

const twoServers = Effect.gen(function* () {
  const { other, own } = yield* claimsOf(process.ppid)
  const server = (claims: typeof own) =>
    Layer.build(Layer.fresh(Turns.layer).pipe(Layer.provide(Layer.succeed(SessionClaims, claims))))
  return { one: yield* server(own), two: yield* server(other) }
})

describe("Two servers that send to one session at the same moment", () => {
  it.live("with ifBusy fail: one message is sent, the other is refused", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { one, two } = yield* twoServers
      const send = Effect.flatMap(Turns, (turns) =>
        turns.start(target, main, { text: "Do it", ifBusy: "fail", timeout: "1 minute" }),
      ).pipe(Effect.result)
      for (let round = 0; round < 12; round++) {
        fake.prompts.length = 0
        fake.statuses.clear()
        const results = yield* Effect.all([Effect.provide(send, one), Effect.provide(send, two)], { concurrency: 2 })
        assert.lengthOf(fake.prompts, 1)
        assert.deepStrictEqual(results.map(({ _tag }) => _tag).sort(), ["Failure", "Success"])
      }
    }).pipe(Effect.provide([overFake, NodeServices.layer])),
  )

  it.live("with ifBusy wait: each message gets its own turn", () =>
    Effect.gen(function* () {
      const fake = yield* withMain
      const { one, two } = yield* twoServers
      let running = 0
      fake.onPrompt = (prompt) => {
        running++
        assert.strictEqual(running, 1)
        fake.take(prompt)
        setTimeout(() => {
          running--
          fake.complete(prompt, prompt.text)
        }, 20)
      }
      const send = Effect.flatMap(Turns, (turns) =>
        turns.send(target, main, { text: "Do it", ifBusy: "wait", timeout: "1 minute" }),
      )
      const reports = yield* Effect.all([Effect.provide(send, one), Effect.provide(send, two)], { concurrency: 2 })
      assert.deepStrictEqual(
        reports.map(({ outcome }) => outcome._tag),
        ["completed", "completed"],
      )
    }).pipe(Effect.provide([overFake, NodeServices.layer])),
  )
})
