import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, FileSystem, Layer, Option, Path, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Announcement, Discovery } from "../../../src/discovery/Discovery.ts"
import * as Service from "../../../src/discovery/service/Service.ts"
import {
  type ListenerVerdict,
  type ServiceAddress,
  ServiceListener,
} from "../../../src/discovery/service/ServiceListener.ts"
import { targetOf } from "../../../src/discovery/target.ts"
import { LocalMachine } from "../../../src/machine/LocalMachine.ts"
import { isServing, makeServerProcesses, ServerProcesses } from "../../../src/machine/ServerProcesses.ts"
import { CurrentUser } from "../../../src/machine/StrictModes.ts"

const secret = "hunter2-Zk9"
const registration = { id: "1", version: "2.0.15", url: "http://127.0.0.1:49375", pid: 17, password: secret }
const serving = { _tag: "Listening", process: { pid: 17, birth: "birth of 17" } } as const

/** A new state directory of opencode, and a discovery over it. */
const scene = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const parent = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "service-test-" }))
  const directory = path.join(parent, "opencode")
  const state: { verdict: ListenerVerdict; readonly ended: Set<number> } = { verdict: serving, ended: new Set() }
  const asked: Array<ServiceAddress> = []
  const processes = makeServerProcesses()
  const machine = {
    hostname: "laptop.example.org",
    isAlive: (pid: number, birth?: string) => !state.ended.has(pid) && birth === `birth of ${pid}`,
    birthOf: () => undefined,
    addresses: () => ["192.0.2.2"],
  }
  const start = (user?: number) =>
    Service.layerNoDeps({ directory }).pipe(
      Layer.provide([
        Layer.succeed(ServiceListener, {
          check: (address) =>
            Effect.sync(() => {
              asked.push(address)
              return state.verdict
            }),
        }),
        Layer.succeed(LocalMachine, machine),
        Layer.succeed(ServerProcesses, processes),
        user === undefined ? Layer.empty : Layer.succeed(CurrentUser, Option.some(user)),
      ]),
      Layer.build,
      Effect.map(Context.get(Discovery)),
    )
  const file = (name: string) => path.join(directory, name)
  const write = Effect.fnUntraced(function* (content: unknown, name = "service.json", mode = 0o600) {
    yield* fs.makeDirectory(directory, { recursive: true })
    yield* fs.chmod(directory, 0o755)
    yield* fs.writeFileString(file(name), typeof content === "string" ? content : JSON.stringify(content))
    yield* fs.chmod(file(name), mode)
  })
  /** Whether a request to the announced service would be sent now. */
  const serves = ({ listener, url }: Announcement) =>
    listener !== undefined && isServing(machine, processes, url, listener)
  return { fs, directory, state, asked, start, file, write, serves }
})

/** The only problem, and that nothing was found. */
const problemOf = Effect.fnUntraced(function* ({ scan }: Discovery["Service"]) {
  const { announcements, problems } = yield* scan
  assert.deepStrictEqual(announcements, [])
  assert.lengthOf(problems, 1)
  assert.notInclude(JSON.stringify(problems), secret)
  return problems[0]?.reason ?? ""
})

layer(NodeServices.layer)("service", (it) => {
  it.effect("is one instance named after the machine, with its own password in memory", () =>
    Effect.gen(function* () {
      const { asked, file, start, write } = yield* scene
      yield* write({ ...registration, more: "of a newer version" })
      const { announcements, problems } = yield* (yield* start()).scan
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(announcements, [
        {
          name: "laptop",
          host: "laptop.example.org",
          url: registration.url,
          directory: undefined,
          transport: "service",
          api: 2,
          pid: 17,
          birth: "birth of 17",
          listener: { pid: 17, birth: "birth of 17", foundBy: "service" },
          source: file("service.json"),
          credentials: { username: "opencode", password: Redacted.make(secret) },
        },
      ])
      assert.deepStrictEqual(asked, [{ pid: 17, host: "127.0.0.1", port: 49_375 }])
      assert.notInclude(JSON.stringify(announcements), secret)
    }),
  )

  it.effect("of another channel has the channel in its name, and a service without a password gets the fleet's", () =>
    Effect.gen(function* () {
      const { start, write } = yield* scene
      yield* write({ ...registration, password: undefined }, "service-dev.json")
      for (const name of ["service.json.1.tmp", "services.json", "prompt-history.jsonl"]) yield* write("{}", name)
      const { announcements } = yield* (yield* start()).scan
      assert.deepStrictEqual(
        announcements.map(({ credentials, name }) => ({ credentials, name })),
        [{ credentials: undefined, name: "laptop-dev" }],
      )
    }),
  )

  it.effect.each([
    ["http://0.0.0.0:49375", "127.0.0.1", "http://127.0.0.1:49375"],
    ["http://[::]:49375", "127.0.0.1", "http://127.0.0.1:49375"],
    ["http://localhost:49375", "127.0.0.1", "http://127.0.0.1:49375"],
    ["http://[::1]:49375", "::1", "http://[::1]:49375"],
    ["http://192.0.2.2:49375/", "192.0.2.2", "http://192.0.2.2:49375"],
  ])("that listens at %s is reached at an address of this machine", ([url, host, reached]) =>
    Effect.gen(function* () {
      const { asked, start, write } = yield* scene
      yield* write({ ...registration, url })
      const { announcements } = yield* (yield* start()).scan
      assert.strictEqual(announcements[0]?.url, reached)
      assert.strictEqual(asked[0]?.host, host)
    }),
  )

  it.effect.each(["http://192.0.2.3:49375", "http://evil.example", "https://127.0.0.1:1", "127.0.0.1:49375", "x", ""])(
    "with the URL %j is a problem, and is not asked for its listener",
    (url) =>
      Effect.gen(function* () {
        const { asked, start, write } = yield* scene
        yield* write({ ...registration, url })
        assert.include(yield* problemOf(yield* start()), "not an address of this machine")
        assert.deepStrictEqual(asked, [])
      }),
  )

  it.effect("whose port another program has taken is a problem, and has no instance", () =>
    Effect.gen(function* () {
      const { start, state, write } = yield* scene
      yield* write(registration)
      state.verdict = { _tag: "Foreign" }
      const reason = yield* problemOf(yield* start())
      assert.include(reason, "names process 17, but another program listens on its port 49375, so nothing is sent")
    }),
  )

  it.effect("that is not running keeps its instance, to which nothing is sent until it runs again", () =>
    Effect.gen(function* () {
      const { serves, start, state, write } = yield* scene
      yield* write(registration)
      const { scan } = yield* start()
      for (const _tag of ["Exited", "NotListening"] as const) {
        state.verdict = { _tag }
        const [down] = (yield* scan).announcements
        assert(down !== undefined)
        assert.deepInclude(down, { name: "laptop", url: registration.url })
        assert.isUndefined(down.credentials)
        assert.isFalse(serves(down))
        const fleet = { username: "ada", password: Redacted.make("fleet") }
        assert.isUndefined(targetOf(down, fleet).credentials)
      }
      state.verdict = serving
      const [first] = (yield* scan).announcements
      assert(first !== undefined)
      state.ended.add(17)
      assert.isFalse(serves(first))
      yield* write({ ...registration, id: "2", pid: 18 })
      state.verdict = { _tag: "Listening", process: { pid: 18, birth: "birth of 18" } }
      const [second] = (yield* scan).announcements
      assert.deepInclude(second, { name: first.name, url: first.url, source: first.source, pid: 18 })
      assert.isTrue(serves(first), "a turn that was followed before the restart is followed on")
    }),
  )

  it.effect("receives no password if the system does not tell which process listens, and the reason says so", () =>
    Effect.gen(function* () {
      const { start, state, write } = yield* scene
      yield* write(registration)
      state.verdict = { _tag: "Unknown", detail: "lsof is not installed" }
      const [announcement] = (yield* (yield* start()).scan).announcements
      assert.isUndefined(announcement?.credentials)
      assert.include(announcement?.passwordWithheld, "lsof is not installed")
    }),
  )

  it.effect.each([
    ["is open to others", registration, 0o640, "chmod 600"],
    ["can be written by others", registration, 0o602, "chmod 600"],
    ["is no JSON", `{"password":"${secret}"`, 0o600, "is not a registration"],
    ["lacks a field", { ...registration, pid: secret }, 0o600, "is not a registration"],
    ["names a process group", { ...registration, pid: -1 }, 0o600, "is not a registration"],
    ["is large", `${JSON.stringify(registration)}${" ".repeat(65_536)}`, 0o600, "larger than 64 KiB"],
  ] as const)("whose file %s is a problem that does not show the password", ([, content, mode, part]) =>
    Effect.gen(function* () {
      const { asked, start, write } = yield* scene
      yield* write(content, "service.json", mode)
      assert.include(yield* problemOf(yield* start()), part)
      assert.deepStrictEqual(asked, [])
    }),
  )

  it.effect("whose file is a link, or belongs to another user, is a problem", () =>
    Effect.gen(function* () {
      const { directory, file, fs, start, write } = yield* scene
      yield* write(registration, "elsewhere.json")
      yield* fs.symlink(file("elsewhere.json"), file("service.json"))
      assert.include(yield* problemOf(yield* start()), "not a regular file")
      yield* fs.remove(file("service.json"))
      yield* write(registration)
      const other = yield* problemOf(yield* start(12_345))
      assert.match(other, /belongs to another user/u)
      yield* fs.chmod(directory, 0o777)
      assert.include(yield* problemOf(yield* start()), "other users could redirect passwords")
    }),
  )

  it.effect("that was never started is no problem", () =>
    Effect.gen(function* () {
      const { start } = yield* scene
      assert.deepStrictEqual(yield* (yield* start()).scan, { announcements: [], problems: [] })
    }),
  )

  it.effect("that exits without a change of its file is noticed", () =>
    Effect.gen(function* () {
      const { start, state, write } = yield* scene
      yield* write(registration)
      const { changes, scan } = yield* start()
      yield* scan
      state.ended.add(17)
      const change = yield* Effect.forkChild(Stream.runHead(changes))
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.join(change)))
    }),
  )
})
