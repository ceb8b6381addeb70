/** Registrations beside files of other programs in the relay directory. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem } from "effect"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { register } from "../../../src/discovery/relay/RegistrationFiles.ts"
import { altered, dead, failure, filesIn, here, modeOf, read, registration, take } from "./registrations.ts"
import { makeRelay } from "./relay.ts"

layer(NodeServices.layer)("An existing file", (it) => {
  it.effect.each([
    ["broken JSON", '{"name": "api", "po'],
    ["nothing", ""],
    ["another host's", JSON.stringify(registration("api", { hostname: "there", pid: dead }))],
    ["another directory's", JSON.stringify(registration("api", { cwd: "/work/other", pid: dead }))],
    ["one that came through a tunnel", JSON.stringify(registration("api", { localPort: 4096, pid: dead }))],
    ["one without a process", '{"name": "api", "hostname": "here", "cwd": "/work/api", "port": 1}'],
    ["one that is alive", JSON.stringify(registration("api", { pid: 2 }))],
  ] satisfies ReadonlyArray<[string, string]>)("is not replaced: %s", ([, content]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, file, write } = yield* makeRelay
      yield* write("api.json", content)
      yield* Effect.scoped(
        Effect.map(take(directory, registration("api")), ({ name }) => assert.strictEqual(name, "api-2")),
      )
      assert.strictEqual(yield* fs.readFileString(file("api.json")), content)
      assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
    }),
  )

  it.effect.each(["a file elsewhere", "a directory", "nothing", "itself"])("is not followed: a link to %s", (what) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, file, parent } = yield* makeRelay
      const content = JSON.stringify(registration("api", { pid: dead }))
      yield* fs.writeFileString(`${parent}/a file elsewhere`, content)
      yield* fs.makeDirectory(`${parent}/a directory`)
      const target = what === "itself" ? file("api.json") : `${parent}/${what}`
      yield* fs.symlink(target, file("api.json"))
      const { name } = yield* take(directory, registration("api"))
      assert.strictEqual(name, "api-2")
      assert.strictEqual(yield* fs.readLink(file("api.json")), target)
      assert.strictEqual(yield* fs.readFileString(`${parent}/a file elsewhere`), content)
      assert.deepStrictEqual(yield* filesIn(parent), ["a directory", "a file elsewhere", "relay"])
      assert.deepStrictEqual(yield* filesIn(`${parent}/a directory`), [])
    }),
  )

  it.effect("is not removed at the end if another program has created it meanwhile", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory, parent, register } = yield* makeRelay
      const others = registration("api", { port: 5000, pid: 2 })
      const { file } = yield* take(directory, registration("api")).pipe(
        Effect.tap(() => register("api.json", others)),
        Effect.tap(({ isPresent }) => Effect.map(isPresent, (present) => assert.isFalse(present))),
        Effect.scoped,
      )
      assert.deepStrictEqual(yield* read(file), others)

      yield* fs.remove(file)
      yield* fs.writeFileString(`${parent}/elsewhere`, JSON.stringify(registration("api")))
      yield* take(directory, registration("api")).pipe(
        Effect.andThen(fs.remove(file)),
        Effect.andThen(fs.symlink(`${parent}/elsewhere`, file)),
        Effect.scoped,
      )
      assert.strictEqual(yield* fs.readLink(file), `${parent}/elsewhere`)
    }),
  )

  it.effect("may have been removed: it can be written again, and the end of the scope succeeds", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* makeRelay
      const { file, isPresent, write } = yield* take(directory, registration("api"))
      assert.isTrue(yield* isPresent)
      yield* fs.remove(file)
      assert.isFalse(yield* isPresent)
      yield* write(registration("api"))
      assert.isTrue(yield* isPresent)
      yield* fs.remove(directory, { recursive: true })
    }),
  )

  it.effect("that replaced a removed registration is not overwritten", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* makeRelay
      const { file, write } = yield* take(directory, registration("api"))
      yield* fs.remove(file)
      yield* fs.makeDirectory(file)
      yield* failure(write(registration("api")))
      assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
      yield* fs.remove(file, { recursive: true })
      yield* fs.writeFileString(file, "somebody else's")
      assert.include(yield* failure(write(registration("api"))), "another program has replaced")
      assert.strictEqual(yield* fs.readFileString(file), "somebody else's")
      yield* fs.remove(file)
      yield* write(registration("api"))
      assert.strictEqual((yield* read(file)).name, "api")
      assert.deepStrictEqual(yield* filesIn(directory), ["api.json"])
    }),
  )
})

layer(NodeServices.layer)("A registration whose process has exited", (it) => {
  it.effect("passes its name to one later instance in the same directory", () =>
    Effect.gen(function* () {
      const { directory, register } = yield* makeRelay
      yield* register("api.json", registration("api", { pid: dead, port: 1 }))
      const first = yield* take(directory, registration("api"))
      const second = yield* take(directory, registration("api", { port: 4097 }))
      assert.deepStrictEqual([first.name, second.name], ["api", "api-2"])
      assert.strictEqual((yield* read(first.file)).port, 4096)
      assert.strictEqual(yield* modeOf(first.file), 0o600)
      assert.deepStrictEqual(yield* filesIn(directory), ["api-2.json", "api.json"])
    }),
  )

  it.effect("is recognised by a directory that is not a printable line", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      const cwd = "/work/two\nlines"
      yield* Effect.provideService(register(directory, registration("api", { cwd, pid: dead })), LocalMachine, here)
      assert.strictEqual((yield* take(directory, registration("api", { cwd }))).name, "api")
    }),
  )

  it.effect("is taken over by exactly one of twenty concurrent instances", () =>
    Effect.gen(function* () {
      const { directory, register } = yield* makeRelay
      yield* register("api.json", registration("api", { pid: dead }))
      const all = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => 5000 + index),
        (port) => Effect.map(take(directory, registration("api", { port })), (kept) => ({ ...kept, port })),
        { concurrency: "unbounded" },
      )
      assert.strictEqual(new Set(all.map(({ name }) => name)).size, 20)
      assert.isTrue(all.some(({ name }) => name === "api"))
      for (const { file, name, port } of all) assert.deepInclude(yield* read(file), { name, port })
      assert.lengthOf(yield* filesIn(directory), 20)
    }),
  )

  it.effect("is not taken over twice by a delayed instance", () =>
    Effect.gen(function* () {
      const { directory, register } = yield* makeRelay
      yield* register("api.json", registration("api", { pid: dead }))
      const arrived = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const slow = yield* take(directory, registration("api", { port: 5001 })).pipe(
        altered((fs) => ({
          link: (from, to) =>
            to.endsWith(".taken")
              ? Deferred.succeed(arrived, undefined).pipe(
                  Effect.andThen(Deferred.await(goOn)),
                  Effect.andThen(fs.link(from, to)),
                )
              : fs.link(from, to),
        })),
        Effect.forkChild,
      )
      yield* Deferred.await(arrived)
      const quick = yield* take(directory, registration("api", { port: 5002 }))
      yield* Deferred.succeed(goOn, undefined)
      const late = yield* Fiber.join(slow)
      assert.deepStrictEqual([quick.name, late.name], ["api", "api-2"])
      assert.strictEqual((yield* read(quick.file)).port, 5002)
      assert.deepStrictEqual(yield* filesIn(directory), ["api-2.json", "api.json"])
    }),
  )
})
