/** Relay directories that cannot be written, and interrupted writes. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, PlatformError } from "effect"
import { TestClock } from "effect/testing"
import { altered, dead, denied, failure, filesIn, registration, take } from "./registrations.ts"
import { makeRelay } from "./relay.ts"

/** Calls that take a second, and signal their start. */
const slowly = (fs: FileSystem.FileSystem, reached: Deferred.Deferred<void>) => {
  const late = Effect.andThen(Deferred.succeed(reached, undefined), Effect.sleep(1000))
  return {
    writeFileString: (file, text, options) => Effect.andThen(late, fs.writeFileString(file, text, options)),
    link: (from, to) => Effect.andThen(late, fs.link(from, to)),
    rename: (from, to) => Effect.andThen(late, fs.rename(from, to)),
    remove: (path, options) => Effect.andThen(late, fs.remove(path, options)),
  } satisfies Partial<FileSystem.FileSystem>
}

/** Interrupts the fiber, and advances the clock until it has ended. */
const interruptSlowly = Effect.fnUntraced(function* <A, E>(fiber: Fiber.Fiber<A, E>) {
  const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber))
  yield* TestClock.adjust(1000).pipe(Effect.repeat({ until: () => interruption.pollUnsafe() !== undefined }))
})

layer(NodeServices.layer)("A relay directory", (it) => {
  it.effect("that is a file or a dangling link is reported in one line", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { parent } = yield* makeRelay
      yield* fs.writeFileString(`${parent}/file`, "precious")
      yield* fs.symlink(`${parent}/nowhere`, `${parent}/link`)
      assert.include(yield* failure(take(`${parent}/file`, registration("api"))), `${parent}/file`)
      yield* failure(take(`${parent}/file/below`, registration("api")))
      yield* failure(take(`${parent}/link`, registration("api")))
      assert.strictEqual(yield* fs.readFileString(`${parent}/file`), "precious")
      assert.deepStrictEqual(yield* filesIn(parent), ["file", "link", "relay"])
    }),
  )

  it.effect.each(["access", "writeFileString", "link", "rename"] as const)(
    "that does not allow %s is told in a sentence, and nothing is left in it",
    (method) =>
      Effect.gen(function* () {
        const { directory, register } = yield* makeRelay
        yield* register("api.json", registration("api", { pid: dead }))
        yield* failure(take(directory, registration("api"))).pipe(altered(() => ({ [method]: () => denied(method) })))
        assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
      }),
  )

  it.effect("without space gets no partial file", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      yield* failure(take(directory, registration("api"))).pipe(
        altered((fs) => ({
          writeFileString: (file, text, options) =>
            Effect.andThen(fs.writeFileString(file, text.slice(0, 5), options), denied("writeFileString")),
        })),
      )
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }),
  )

  it.effect.each(["writeFileString", "link", "rename", "remove"] as const)(
    "holds no leftovers of who is interrupted during %s",
    (method) =>
      Effect.gen(function* () {
        const { directory, register } = yield* makeRelay
        yield* register("api.json", registration("api", { pid: dead }))
        const reached = yield* Deferred.make<void>()
        const once = yield* take(directory, registration("api")).pipe(
          Effect.flatMap(({ write }) => write(registration("api"))),
          Effect.scoped,
          altered((fs) => ({ [method]: slowly(fs, reached)[method] })),
          Effect.forkChild,
        )
        yield* Deferred.await(reached)
        yield* interruptSlowly(once)
        const left = yield* filesIn(directory)
        assert.deepStrictEqual(
          left.filter((name) => name !== "api.json"),
          [],
        )
      }),
  )

  it.effect("holds no drafts of an interrupted write", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const reached = yield* Deferred.make<void>()
      const kept = yield* take(directory, registration("api")).pipe(
        altered((fs) => ({ rename: slowly(fs, reached).rename })),
      )
      const writing = yield* Effect.forkChild(kept.write(registration("api")))
      yield* Deferred.await(reached)
      yield* interruptSlowly(writing)
      assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
      assert.isTrue(yield* kept.isPresent)
    }),
  )

  it.effect("with a thousand registrations of one name refuses more", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const taken = PlatformError.systemError({ _tag: "AlreadyExists", module: "FileSystem", method: "link" })
      const told = yield* failure(take(directory, registration("api"))).pipe(
        altered(() => ({ link: () => Effect.fail(taken) })),
      )
      assert.include(told, "api")
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }),
  )
})
