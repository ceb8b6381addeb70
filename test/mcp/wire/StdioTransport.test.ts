/** The transport in a server process: what clients send wrongly, and how they read. */
import { assert, layer } from "@effect/vitest"
import { Array, Effect, FileSystem } from "effect"
import { makeRelay } from "../../support/Executable.ts"
import { eventually } from "../../support/eventually.ts"
import { startRaw } from "../../support/RawServer.ts"
import { BundledToys } from "../bundledToys.ts"

type Raw = Effect.Success<ReturnType<typeof startRaw>>

const connected = Effect.fnUntraced(function* (version?: string) {
  const raw = yield* startRaw(yield* makeRelay(), yield* BundledToys)
  yield* raw.initialize(version)
  return raw
})

const pingLine = (id: unknown) => JSON.stringify({ jsonrpc: "2.0", id, method: "ping" })

/** The answers with these ids, when all of them have arrived. */
const answersTo = (raw: Raw, ids: ReadonlyArray<string | number>) =>
  raw.answers.pipe(
    eventually((answers) => ids.every((id) => answers.some((answer) => answer.id === id))),
    Effect.map((answers) => ids.flatMap((id) => answers.filter((answer) => answer.id === id))),
  )

/** The most memory that the process has held. */
const peakMegabytes = Effect.fnUntraced(function* (pid: number) {
  const fs = yield* FileSystem.FileSystem
  const status = yield* fs.readFileString(`/proc/${pid}/status`)
  return Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1]) / 1024
})

layer(BundledToys.layer, { excludeTestServices: true })("The transport", (it) => {
  it.effect("answers what is almost right, and what is wrong, and goes on", () =>
    Effect.gen(function* () {
      const raw = yield* connected()
      yield* raw.write(`\uFEFF${pingLine("bom")}\r`)
      yield* raw.write(
        '{"jsonrpc":"2.0","id":"nulls","method":"tools/call","params":{"name":"greet","arguments":null,"_meta":{"progressToken":null}}}',
      )
      yield* raw.write(pingLine(1.5))
      yield* raw.write('{"jsonrpc":"2.0","id":"list","method":"tools/list","params":{"cursor":null}}')
      yield* raw.write(
        '{"jsonrpc":"2.0","id":"again","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":null,"clientInfo":{"name":"raw","version":"1","title":null}}}',
      )
      const right = yield* answersTo(raw, ["bom", "nulls", 1.5, "list", "again"])
      assert.deepStrictEqual(
        right.map(({ error }) => error),
        Array.replicate(undefined, 5),
      )

      yield* raw.write('{"jsonrpc":"2.0","id":"params","method":"ping","params":"secret"}')
      yield* raw.write('{"jsonrpc":"1.0","id":"version","method":"ping"}')
      yield* raw.write('{"jsonrpc":"2.0","id":"method","method":"constructor"}')
      yield* raw.write(`[${pingLine("in a batch")},7]`)
      const wrong = yield* answersTo(raw, ["params", "version", "method", "in a batch"])
      assert.deepStrictEqual(
        wrong.map(({ error }) => error?.code),
        [-32_602, -32_600, -32_601, -32_600],
      )

      yield* raw.write('{"secret')
      yield* raw.write(Buffer.from([0xc3, 0x28]))
      yield* raw.write('{"jsonrpc":"2.0","id":"x","result":{}}')
      yield* raw.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}')
      const broken = yield* raw.answers.pipe(eventually((all) => all.filter(({ id }) => id === null).length === 3))
      assert.deepStrictEqual(
        broken.filter(({ id }) => id === null).map(({ error }) => error?.code),
        [-32_600, -32_700, -32_700],
      )
      yield* raw.stderr.pipe(eventually((text) => text.includes("not UTF-8")))
      assert.notInclude(yield* raw.stderr, "secret")
      assert.deepStrictEqual((yield* raw.request("ping")).result, {})
    }),
  )

  it.effect.each(["2025-11-25", "2025-03-26"])("names the tool that an unknown name means (%s)", (version) =>
    Effect.gen(function* () {
      const raw = yield* connected(version)
      const { error } = yield* raw.request("tools/call", { name: "raw__Greet", arguments: {} })
      assert.deepStrictEqual(error, { code: -32_602, message: 'Unknown tool "raw__Greet". Did you mean greet?' })
      const other = yield* raw.request("tools/call", { name: "q".repeat(9000), arguments: {} })
      assert.match(other.error?.message ?? "", /^Unknown tool "q{1,100}.*The tools are: .*greet/u)
      assert.isBelow(other.error?.message.length ?? Infinity, 400)
    }),
  )

  it.effect("refuses one message over 50 MB, and takes and returns one below", () =>
    Effect.gen(function* () {
      const raw = yield* connected()
      const call = (id: string, size: number) =>
        raw.write(
          `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"greet","arguments":{"name":"${"x".repeat(size)}"}},"id":"${id}"}`,
        )
      yield* call("below", 12_000_000)
      yield* call("over", 53_000_000)
      yield* raw.write(pingLine("after"))
      const [below, over, after] = yield* answersTo(raw, ["below", "over", "after"])
      // The toy returns its arguments: a large answer arrives whole.
      assert.lengthOf(
        JSON.stringify(below?.result?.["structuredContent"]),
        12_000_000 + '{"greeted":{"name":""}}'.length,
      )
      assert.include(over?.error?.message, "50 MB")
      assert.deepStrictEqual(after?.result, {})
    }),
  )

  it.effect("answers a batch with a batch in the revision that has them", () =>
    Effect.gen(function* () {
      const raw = yield* startRaw(yield* makeRelay(), yield* BundledToys)
      yield* raw.initialize("2025-03-26")
      yield* raw.write(`[${pingLine("a")},{"jsonrpc":"2.0","method":"notifications/x"},${pingLine("b")},5]`)
      yield* raw.stdout.pipe(eventually((text) => text.includes('"b"')))
      const last: unknown = JSON.parse((yield* raw.stdout).split("\n").at(-1) ?? "")
      assert.isArray(last)
      assert.sameMembers(
        Array.ensure(last)
          .map((answer) => JSON.stringify(answer))
          .map((text) => /"id":(\w+|"\w")/u.exec(text)?.[1]),
        ["null", '"a"', '"b"'],
      )
    }),
  )

  it.effect("answers all of 3,000 unread requests, keeps few answers in memory, and prints no warning", () =>
    Effect.gen(function* () {
      const raw = yield* connected()
      yield* raw.stopReading
      const ids = yield* Effect.forEach(Array.range(1, 3000), () => raw.send("tools/list", {}))
      yield* raw.startReading
      yield* raw.answerTo(ids.at(-1) ?? 0)
      const answered = new Set((yield* raw.answers).map(({ id }) => id))
      assert.isTrue(ids.every((id) => answered.has(id)))
      assert.isBelow(yield* peakMegabytes(raw.pid), 400)
      assert.strictEqual(yield* raw.stderr, "")
    }),
  )
})
