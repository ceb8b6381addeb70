import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Layer, Queue, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Announcement, Discovery, type Scan } from "../../../src/discovery/Discovery.ts"
import {
  type IdentificationRequest,
  Identification,
  type Verdict,
} from "../../../src/discovery/identification/Identification.ts"
import { guarded } from "../../../src/discovery/guarded.ts"
import { LocalMachine, type LocalMachineValues } from "../../../src/machine/LocalMachine.ts"
import { isServing, makeServerProcesses, ServerProcesses } from "../../../src/machine/ServerProcesses.ts"
import { type Listening, ListeningSockets, ListeningUnknown } from "../../../src/discovery/ports/ListeningSockets.ts"
import * as LocalPorts from "../../../src/discovery/ports/LocalPorts.ts"
import { opencode2, opencodeWithPassword, notOpencode, opencodeIn, silent } from "../verdicts.ts"
import { listening, opencode, other } from "./listening.ts"

/** A machine with these sockets. Ports answer as another server unless a test says otherwise. */
const start = Effect.fnUntraced(function* (...first: ReadonlyArray<Listening>) {
  const sockets = yield* Ref.make<Effect.Effect<ReadonlyArray<Listening>, ListeningUnknown>>(Effect.succeed(first))
  const changes = yield* Queue.unbounded<void>()
  const verdicts = new Map<number, Effect.Effect<Verdict>>()
  const asked: Array<IdentificationRequest> = []
  const ended = new Set<number>()
  const machine: LocalMachineValues = {
    hostname: "laptop.example.org",
    isAlive: (pid) => !ended.has(pid),
    birthOf: () => undefined,
    addresses: () => ["192.0.2.2"],
  }
  const processes = makeServerProcesses()
  const context = yield* Layer.build(
    LocalPorts.layerNoDeps({ ports: [4096, 4097] }).pipe(
      Layer.provide([
        Layer.succeed(ListeningSockets, {
          list: Effect.flatten(Ref.get(sockets)),
          changes: Stream.fromQueue(changes),
        }),
        Layer.succeed(Identification, {
          identify: (one) =>
            Effect.suspend(() => {
              asked.push(one)
              return verdicts.get(Number(new URL(one.url).port)) ?? Effect.succeed(notOpencode)
            }),
          fingerprintOf: () => Effect.succeedNone,
        }),
        Layer.succeed(LocalMachine, machine),
        Layer.succeed(ServerProcesses, processes),
      ]),
    ),
  )
  const discovery = Context.get(context, Discovery)
  return {
    ...discovery,
    listen: (...all: ReadonlyArray<Listening>) => Ref.set(sockets, Effect.succeed(all)),
    fail: Ref.set(sockets, Effect.fail(new ListeningUnknown({ detail: "no /proc here" }))),
    change: Queue.offer(changes, undefined),
    answer: (port: number, verdict: Verdict) => verdicts.set(port, Effect.succeed(verdict)),
    hang: (port: number) => verdicts.set(port, Effect.delay(Effect.succeed(silent), "1 second")),
    end: (pid: number) => ended.add(pid),
    /** Whether a request to the announced instance would be sent now. */
    serves: (announcement: Announcement | undefined) =>
      Effect.sync(
        () =>
          announcement?.listener !== undefined &&
          isServing(machine, processes, announcement.url, announcement.listener),
      ),
    /** The ports probed since the last call. */
    asked: () => asked.splice(0).map(({ url }) => Number(new URL(url).port)),
    questions: asked as ReadonlyArray<IdentificationRequest>,
  }
})

const found = ({ announcements }: Scan) => announcements.map(({ name, url }) => `${name} ${url}`)

/** The scan, and how many milliseconds it took, while 15 seconds pass. */
const timed = (scan: Effect.Effect<Scan>) =>
  Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    const scanning = yield* Effect.forkChild(Effect.zip(scan, Clock.currentTimeMillis))
    yield* TestClock.adjust("15 seconds")
    const [result, after] = yield* Fiber.join(scanning)
    return { ...result, took: after - before }
  })

describe("local-ports", () => {
  it.effect("finds the opencodes among the listeners, with all that is known of each", () =>
    Effect.gen(function* () {
      const { answer, questions, scan } = yield* start(
        listening(4096, opencode(17), "0.0.0.0"),
        listening(5432, other(18, "postgres")),
      )
      answer(4096, opencodeIn("/work/shop/api", "/work/shop"))
      const { announcements, problems } = yield* scan
      assert.deepStrictEqual(
        { announcements, problems },
        {
          announcements: [
            {
              name: "laptop-shop-api",
              host: "laptop.example.org",
              url: "http://127.0.0.1:4096",
              aliases: ["http://192.0.2.2:4096"],
              directory: "/work/shop/api",
              transport: "local-ports",
              api: 1,
              passwordWithheld: "it did not require one when it was found; the next scan checks again",
              listener: { pid: 17, birth: "birth of 17", foundBy: "local-ports" },
              pid: 17,
              birth: "birth of 17",
              tunnelled: false,
              source: "port 4096 (opencode, process 17)",
            },
          ],
          problems: [],
        },
      )
      assert.deepStrictEqual(
        questions.map(({ mayHavePassword, timeout, url }) => ({ mayHavePassword, timeout, url })),
        [
          { mayHavePassword: true, timeout: 1000, url: "http://127.0.0.1:4096" },
          { mayHavePassword: false, timeout: 1000, url: "http://127.0.0.1:5432" },
        ],
      )
    }),
  )

  it.effect("lists the service of opencode 2 under the machine's name, and no private server", () =>
    Effect.gen(function* () {
      const { answer, asked, scan } = yield* start(
        listening(49_375, { ...opencode(17, "/home/ada"), mode: "service" }),
        listening(4097, { ...opencode(18), mode: "private" }),
        listening(4098, opencode(19)),
      )
      for (const port of [49_375, 4097, 4098]) answer(port, opencode2)
      const { announcements } = yield* scan
      assert.deepStrictEqual(asked(), [49_375, 4098])
      const [service, server] = announcements
      assert.deepInclude(service, {
        name: "laptop",
        api: 2,
        directory: undefined,
        passwordWithheld: "it has a password of its own",
        passwordRemedy: { _tag: "UseService" },
      })
      assert.deepInclude(server, { name: "laptop-shop", api: 2, directory: "/work/shop", passwordWithheld: undefined })
    }),
  )

  it.effect("sends requests only while the opencode's process runs, or the one that a later scan has found there", () =>
    Effect.gen(function* () {
      const { answer, end, fail, listen, scan, serves } = yield* start(
        listening(4096, opencode(17)),
        listening(4097, other(18, "ssh")),
      )
      answer(4096, opencodeWithPassword)
      answer(4097, opencodeWithPassword)
      const [ours, tunnel] = (yield* scan).announcements
      assert.isTrue(yield* serves(ours))
      // That the system does not tell for once does not end the process.
      yield* fail
      yield* scan
      assert.isTrue(yield* serves(ours))
      end(17)
      assert.isFalse(yield* serves(ours))
      yield* listen(listening(4096, opencode(19)))
      yield* scan
      assert.isTrue(yield* serves(ours))
      yield* listen(listening(4096, other(20, "nc")))
      yield* scan
      assert.isFalse(yield* serves(ours))
      // Whose process that is which answers there, nobody can tell.
      assert.isUndefined(tunnel?.listener)
    }),
  )

  it.effect("an opencode keeps receiving requests when a scan cannot list the sockets or gets no answer", () =>
    Effect.gen(function* () {
      const { answer, end, fail, listen, scan, serves } = yield* start(listening(4096, opencode(17)))
      answer(4096, opencodeWithPassword)
      const [ours] = (yield* scan).announcements
      yield* fail
      yield* scan
      assert.isTrue(yield* serves(ours))
      yield* listen(listening(4096, opencode(17)))
      answer(4096, notOpencode)
      yield* scan
      assert.isTrue(yield* serves(ours))
      yield* fail
      end(17)
      yield* scan
      assert.isFalse(yield* serves(ours))
      // Another one there has to show itself first.
      yield* listen(listening(4096, opencode(19)))
      yield* scan
      assert.isFalse(yield* serves(ours))
    }),
  )

  it.effect("keeps the instances when the system does not list the sockets for a moment", () =>
    Effect.gen(function* () {
      const machine = yield* start(listening(5000, opencode(17)))
      const { scan } = yield* guarded("local-ports", machine)
      machine.answer(5000, opencodeWithPassword)
      const { announcements } = yield* scan
      assert.lengthOf(announcements, 1)
      yield* machine.fail
      for (const again of [yield* scan, yield* scan]) {
        assert.deepStrictEqual(again.announcements, announcements)
        assert.deepStrictEqual(again.problems, [
          { source: "local-ports", reason: "cannot list the listening ports: no /proc here" },
        ])
      }
      yield* machine.listen()
      assert.lengthOf((yield* scan).announcements, 0)
    }),
  )

  it.effect("uses the process's directory for an opencode that does not report one", () =>
    Effect.gen(function* () {
      const { answer, scan } = yield* start(listening(4096, opencode(17, "/work/\u202Eshop")))
      answer(4096, opencodeWithPassword)
      const [announcement] = (yield* scan).announcements
      assert.strictEqual(announcement?.directory, "/work/shop")
      assert.strictEqual(announcement?.name, "laptop-shop")
      assert.isUndefined(announcement?.passwordWithheld)
    }),
  )

  it.effect("does not report a tunnel's process and directory as those of the opencode behind it", () =>
    Effect.gen(function* () {
      const { answer, scan } = yield* start(
        listening(4100, other(20, "ssh")),
        listening(4101, other(21, "sshd-session")),
        listening(4102, undefined),
        listening(4103, other(22, "bun")),
      )
      answer(4100, opencodeIn("/home/bob/api"))
      answer(4101, opencodeWithPassword)
      answer(4102, opencodeWithPassword)
      answer(4103, opencodeIn("/work/dev"))
      const { announcements } = yield* scan
      assert.deepStrictEqual(
        announcements.map(({ birth, directory, host, name, pid, tunnelled }) => ({
          birth,
          directory,
          host,
          name,
          pid,
          tunnelled,
        })),
        [
          { birth: undefined, directory: "/home/bob/api", host: "", name: "api", pid: undefined, tunnelled: true },
          {
            birth: undefined,
            directory: undefined,
            host: "",
            name: "opencode-4101",
            pid: undefined,
            tunnelled: true,
          },
          {
            birth: undefined,
            directory: undefined,
            host: "",
            name: "opencode-4102",
            pid: undefined,
            tunnelled: false,
          },
          { birth: undefined, directory: "/work/dev", host: "", name: "dev", pid: undefined, tunnelled: false },
        ],
      )
      const withheld = announcements.map(({ passwordWithheld = "" }) => passwordWithheld)
      assert.include(withheld[1], "sshd-session, process 21")
      assert.deepStrictEqual(announcements[1]?.passwordRemedy, { _tag: "Register", url: "http://127.0.0.1:4101" })
      assert.include(withheld[2], "unknown process")
    }),
  )

  it.effect("leaves out sockets of this process", () =>
    Effect.gen(function* () {
      const { answer, asked, scan } = yield* start(listening(4096, opencode(process.pid)), listening(4097, opencode(1)))
      answer(4096, opencodeIn("/work/self"))
      answer(4097, opencodeIn("/work/other"))
      assert.deepStrictEqual(found(yield* scan), ["laptop-other http://127.0.0.1:4097"])
      assert.deepStrictEqual(asked(), [4097])
    }),
  )

  it.effect("probes other servers at most once per minute, and new listeners immediately", () =>
    Effect.gen(function* () {
      const server = listening(3000, other(30))
      const { answer, asked, listen, scan } = yield* start(server)
      yield* scan
      assert.deepStrictEqual(asked(), [3000])
      for (let seconds = 0; seconds < 58; seconds += 2) {
        yield* TestClock.adjust("2 seconds")
        yield* scan
      }
      assert.deepStrictEqual(asked(), [])
      yield* TestClock.adjust("2 seconds")
      yield* scan
      assert.deepStrictEqual(asked(), [3000])
      // Its program has ended, and an opencode has taken the port.
      answer(3000, opencodeIn("/work/shop"))
      yield* listen(listening(3000, opencode(31)))
      assert.deepStrictEqual(found(yield* scan), ["laptop-shop http://127.0.0.1:3000"])
      yield* listen(server)
      answer(3000, notOpencode)
      assert.deepStrictEqual(found(yield* scan), [])
    }),
  )

  it.effect("forgets a listener that has stopped, and probes it as new when it is back", () =>
    Effect.gen(function* () {
      const server = listening(3000, other(30))
      const { asked, listen, scan } = yield* start(server)
      yield* scan
      yield* listen()
      yield* scan
      yield* listen(server)
      asked()
      yield* scan
      assert.deepStrictEqual(asked(), [3000])
    }),
  )

  it.effect("does not trust a socket that was passed to another program", () =>
    Effect.gen(function* () {
      const socket = listening(4096, opencode(17))
      const { answer, listen, scan } = yield* start(socket)
      answer(4096, opencodeWithPassword)
      assert.isUndefined((yield* scan).announcements[0]?.passwordWithheld)
      yield* listen({ ...socket, owner: other(18, "socat") })
      const [announcement] = (yield* scan).announcements
      assert.include(announcement?.passwordWithheld, "socat, process 18")
      assert.strictEqual(announcement?.host, "")
    }),
  )
})

describe("local-ports among ten thousand sockets", () => {
  const many = Array.from({ length: 10_000 }, (_, index) => listening(20_000 + index, other(40)))

  it.effect("finds the opencode immediately", () =>
    Effect.gen(function* () {
      const { answer, scan } = yield* start(...many, listening(4096, opencode(1)))
      answer(4096, opencodeIn("/work/shop"))
      const { problems, took, ...result } = yield* timed(scan)
      assert.deepStrictEqual(found({ ...result, problems }), ["laptop-shop http://127.0.0.1:4096"])
      assert.deepStrictEqual(problems, [])
      assert.strictEqual(took, 0)
    }),
  )

  it.effect("ends in time if all of them hang, reports it, and continues with the others", () =>
    Effect.gen(function* () {
      const { answer, asked, hang, scan } = yield* start(...many, listening(4096, opencode(1)))
      for (const { port } of many) hang(port)
      answer(4096, opencodeIn("/work/shop"))
      const first = yield* timed(scan)
      assert.deepStrictEqual(found(first), ["laptop-shop http://127.0.0.1:4096"])
      assert.isAtMost(first.took, 5000)
      const askedFirst = asked()
      assert.strictEqual(askedFirst.length, new Set(askedFirst).size)
      const left = many.length + 1 - askedFirst.length
      assert.isAbove(left, 0)
      assert.lengthOf(first.problems, 1)
      assert.include(first.problems[0]?.reason, `${left} of 10001 ports`)
      yield* timed(scan)
      const askedThen = asked().filter((port) => port !== 4096)
      assert.isAbove(askedThen.length, 100)
      assert.isEmpty(askedThen.filter((port) => askedFirst.includes(port)))
    }),
  )
})

describe("local-ports on a system that does not list the sockets", () => {
  it.effect("probes the ports in LOCAL_PORTS, says why, and trusts none of them", () =>
    Effect.gen(function* () {
      const { answer, asked, fail, scan } = yield* start(listening(5000, opencode(1)))
      yield* fail
      answer(4097, opencodeWithPassword)
      const result = yield* scan
      assert.deepStrictEqual(asked(), [4096, 4097])
      assert.deepStrictEqual(found(result), ["opencode-4097 http://127.0.0.1:4097"])
      assert.include(result.announcements[0]?.passwordWithheld, "unknown process")
      assert.include(result.problems[0]?.reason, "no /proc here")
      assert.deepStrictEqual(result.problems[0]?.remedy, { _tag: "ChooseLocalPorts" })
    }),
  )
})

describe("Changes of local-ports", () => {
  const counted = Effect.fnUntraced(function* (...first: ReadonlyArray<Listening>) {
    const machine = yield* start(...first)
    const count = yield* Ref.make(0)
    yield* Effect.forkScoped(Stream.runForEach(machine.changes, () => Ref.update(count, (before) => before + 1)))
    return { ...machine, count: Ref.get(count) }
  })

  it.effect("are those of the sockets", () =>
    Effect.gen(function* () {
      const { change, count } = yield* counted()
      yield* change
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* count, 1)
    }),
  )

  it.effect("are emitted for a while after an opencode listens but does not answer yet", () =>
    Effect.gen(function* () {
      const { answer, count, scan } = yield* counted(listening(4096, opencode(1)), listening(3000, other(2)))
      answer(4096, silent)
      answer(3000, silent)
      yield* scan
      yield* TestClock.adjust(1999)
      assert.strictEqual(yield* count, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* count, 1)
      // Each of them makes the fleet scan.
      for (let seconds = 0; seconds < 60; seconds += 2) {
        yield* scan
        yield* TestClock.adjust("2 seconds")
      }
      assert.isAtMost(yield* count, 11)
      const before = yield* count
      yield* scan
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* count, before)
    }),
  )

  it.effect("are emitted as soon for a later listener", () =>
    Effect.gen(function* () {
      const socket = listening(4096, opencode(1))
      const { answer, count, listen, scan } = yield* counted(socket)
      answer(4096, silent)
      yield* scan
      yield* listen()
      yield* TestClock.adjust("1 minute")
      yield* scan
      yield* listen(socket)
      const before = yield* count
      yield* scan
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* count, before + 1)
    }),
  )

  it.effect("are not emitted if all listeners have answered or are other servers", () =>
    Effect.gen(function* () {
      const { answer, count, scan } = yield* counted(listening(4096, opencode(1)), listening(3000, other(2)))
      answer(4096, opencodeIn("/work/shop"))
      answer(3000, silent)
      yield* scan
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* count, 0)
    }),
  )
})
