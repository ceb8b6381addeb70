/** Registrations that this process owns. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Path, Scope } from "effect"
import { fileNameOf } from "../../../src/discovery/relay/RegistrationFiles.ts"
import { failure, filesIn, modeOf, read, registration, take } from "./registrations.ts"
import { makeRelay, scan } from "./relay.ts"

layer(NodeServices.layer)("A registration", (it) => {
  it.effect("is readable by its owner alone, found by a scan, and removed with the scope", () =>
    Effect.gen(function* () {
      const { directory: parent } = yield* makeRelay
      const directory = `${parent}/a/b`
      const whole = registration("api", { connectedAt: "2026-01-01T00:00:00Z", connect: { pid: 3, log: "/log" } })
      const { file } = yield* take(directory, whole).pipe(
        Effect.tap(({ file, name }) =>
          Effect.gen(function* () {
            assert.strictEqual(name, "api")
            assert.deepStrictEqual(yield* read(file), whole)
            assert.strictEqual(yield* modeOf(file), 0o600)
            assert.strictEqual(yield* modeOf(directory), 0o700)
            const found = yield* scan(directory, { strict: true })
            assert.deepStrictEqual(found.problems, [])
            assert.deepInclude(found.announcements[0], { name: "api", source: file, connect: { pid: 3, log: "/log" } })
          }),
        ),
        Effect.scoped,
      )
      assert.strictEqual(file, `${directory}/api.json`)
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }),
  )

  it.effect("does not change the directory's mode", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      yield* take(directory, registration("api"))
      assert.strictEqual(yield* modeOf(directory), 0o755)
    }),
  )

  it.effect("is never read half-written while it is replaced", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const { file, write } = yield* take(directory, registration("api"))
      const seen = new Set<unknown>()
      const reader = yield* read(file).pipe(
        Effect.tap(({ connectedAt }) => Effect.sync(() => seen.add(connectedAt))),
        Effect.forever,
        Effect.forkChild({ startImmediately: true }),
      )
      for (let connectedAt = 1; connectedAt <= 300; connectedAt++) {
        yield* write(registration("api", { connectedAt, cwd: "/long".repeat(2000) }))
      }
      const exit = yield* Effect.andThen(Fiber.interrupt(reader), Fiber.await(reader))
      assert.isTrue(Exit.hasInterrupts(exit), String(exit))
      assert.isAbove(seen.size, 10)
      assert.strictEqual(yield* modeOf(file), 0o600)
      assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
    }),
  )

  it.effect("keeps its name, whatever is written later", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      yield* take(directory, registration("api"))
      const second = yield* take(directory, registration("api", { port: 4097 }))
      yield* second.write(registration("api", { port: 4097 }))
      assert.strictEqual((yield* read(second.file)).name, "api-2")
    }),
  )

  it.effect("gets the next available name if its own is taken", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const first = yield* take(directory, registration("api"))
      const second = yield* Scope.make()
      const take2 = take(directory, registration("api", { port: 4097 }))
      assert.deepInclude(yield* Scope.provide(take2, second), { name: "api-2", file: `${directory}/api-2.json` })
      assert.strictEqual((yield* take(directory, registration("api", { port: 4098 }))).name, "api-3")
      yield* Scope.close(second, Exit.void)
      assert.strictEqual((yield* take(directory, registration("api", { port: 4099 }))).name, "api-2")
      assert.strictEqual((yield* read(first.file)).port, 4096)
    }),
  )

  it.effect("gets a suffix for a long name, too", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const name = "a-machine-with-a-long-name-and-a-project-with-a-longer-one".repeat(3)
      const first = yield* take(directory, registration(name))
      const second = yield* take(directory, registration(name, { port: 4097 }))
      assert.deepStrictEqual([first.name, second.name], [name, `${name}-2`])
      assert.notStrictEqual(first.file, second.file)
    }),
  )

  it.effect.each([
    'it\'s "quoted" and spaced',
    "$(touch pwned)`touch pwned`; rm -rf ~",
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "....",
    "-rf",
    "\u{1F680}",
    "日本語",
    "日本語の名前".repeat(30),
    "𝕬𝖕𝖎".repeat(30),
    "a\\b:c*d?e|f<g>h",
  ])("named %j is a file in the directory, with that name in it", (name) =>
    Effect.gen(function* () {
      const path = yield* Path.Path
      const { directory, parent } = yield* makeRelay
      const { file, write } = yield* take(directory, registration(name))
      assert.strictEqual(path.dirname(file), directory)
      assert.match(path.basename(file), /^[\p{L}\p{N}][\p{L}\p{N}._-]*\.json$/u)
      yield* write(registration(name))
      assert.strictEqual((yield* read(file)).name, name)
      assert.deepStrictEqual(yield* filesIn(directory), [path.basename(file)])
      assert.deepStrictEqual(yield* filesIn(parent), ["relay"])
      assert.strictEqual((yield* take(directory, registration(name, { port: 4097 }))).name, `${name}-2`)
    }),
  )

  it.effect("does not replace one of another name with the same file name", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const first = yield* take(directory, registration("web shop"))
      const second = yield* take(directory, registration("web/shop", { port: 4097 }))
      assert.strictEqual(second.name, "web/shop-2")
      assert.strictEqual((yield* read(first.file)).name, "web shop")
      assert.strictEqual((yield* read(second.file)).name, "web/shop-2")
    }),
  )

  it.effect("with a name that is too long or not printable is refused", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      yield* failure(take(directory, registration("x".repeat(201))))
      yield* failure(take(directory, registration("")))
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }),
  )
})

layer(NodeServices.layer)("A file name", (it) => {
  it.effect("is valid on every file system, including prefix and suffixes", () =>
    Effect.sync(() => {
      for (const name of ["x".repeat(300), "語".repeat(300), "𝕬".repeat(300), "\u{1F680}".repeat(300), "\uD835x"]) {
        assert.isAtMost(Buffer.byteLength(`.${fileNameOf(name)}-1000-0badcafe.json.1234567.new`), 255)
        assert.isTrue(fileNameOf(name).isWellFormed())
      }
    }),
  )
})
