/** One server over HTTP for many clients: its calls, its memory, and what it saves over a copy on stdio for each client. */
import { Effect } from "effect"
import { type Era, eras, openClient } from "./support/HttpClient.ts"
import { startHttpServer } from "./support/HttpServerProcess.ts"
import { type Command, JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import { startFleet } from "./support/fleet.ts"
import { processorTime } from "./support/processorTime.ts"
import type { Programs } from "./support/programs.ts"
import { type Figure, median } from "./support/report.ts"
import { proportionalMemory, residentMemory } from "./support/residentMemory.ts"
import { timed } from "./support/timed.ts"

const calls = 1000
const rounds = 3
const sessions = 500
const windows = 20
const instances = 50

interface Tool {
  readonly name: string
  readonly args: object
}

const echo: Tool = { name: "echo", args: { text: "hello" } }
const list: Tool = { name: "list_instances", args: {} }

const overHttp = (programs: Programs, directory: string): Command => ({
  ...programs.ours(directory),
  args: ["serve", "--http", "127.0.0.1:0", "--no-auth"],
})

type HttpServer = Effect.Success<ReturnType<typeof startHttpServer>>

/** Milliseconds and processor time for a call while this many clients call, each as soon as its last call is answered. */
const measureCalls = ({ pid, url }: HttpServer, era: Era, { args, name }: Tool) =>
  Effect.fnUntraced(function* (clients: number) {
    const open = yield* Effect.replicateEffect(openClient(url, era), clients, { concurrency: 20 })
    const work = Effect.forEach(
      open,
      (client) => Effect.replicateEffect(client.call(name, args), calls / clients, { discard: true }),
      { concurrency: "unbounded", discard: true },
    )
    const before = yield* processorTime(pid)
    const ms = (yield* timed(work)) / calls
    return { ms, processor: ((yield* processorTime(pid)) - before) / calls }
  }, Effect.scoped)

type Measured = Effect.Success<ReturnType<ReturnType<typeof measureCalls>>>

const callFigures = Effect.fnUntraced(function* (floor: HttpServer, ours: HttpServer) {
  const figures: Array<Figure> = []
  for (const era of eras) {
    const [measureFloor, measureOurs] = [measureCalls(floor, era, echo), measureCalls(ours, era, list)]
    // Warms both up.
    yield* measureFloor(20)
    yield* measureOurs(20)
    for (const clients of [1, 20, 200]) {
      const [floors, measured] = [Array<Measured>(), Array<Measured>()]
      for (let round = 0; round < rounds; round++) {
        floors.push(yield* measureFloor(clients))
        measured.push(yield* measureOurs(clients))
      }
      const samples = measured.map(({ ms }) => ms)
      const value = median(samples)
      const processor = median(measured.map((each) => each.processor)) / median(floors.map((each) => each.processor))
      figures.push({
        what: `a call of ${era}, ${clients === 1 ? "1 client" : `${clients} clients`}`,
        value,
        samples,
        unit: "ms",
        floor: { name: "the SDK's echo", value: median(floors.map(({ ms }) => ms)) },
        note: `${Math.round(1000 / value)} calls/s; processor time ${processor.toFixed(2)} x the floor's`,
      })
    }
  }
  return figures
})

/** What each session adds to the memory of a server that has warmed up, and what its open stream adds, in KB. */
const measureSessions = Effect.fnUntraced(function* (command: Command, { args, name }: Tool) {
  const { pid, url } = yield* startHttpServer(command)
  const work = Effect.flatMap(openClient(url, "2025-11-25"), (client) => client.call(name, args))
  yield* Effect.scoped(Effect.replicateEffect(work, sessions, { concurrency: 20, discard: true }))
  const before = yield* residentMemory(pid)
  const clients = yield* Effect.replicateEffect(openClient(url, "2025-11-25"), sessions, { concurrency: 20 })
  yield* Effect.forEach(clients, (client) => client.call(name, args), { concurrency: 20, discard: true })
  const opened = yield* residentMemory(pid)
  yield* Effect.forEach(clients, (client) => client.openStream, { concurrency: 20, discard: true })
  const streaming = yield* residentMemory(pid)
  return { session: ((opened - before) * 1024) / sessions, stream: ((streaming - opened) * 1024) / sessions }
}, Effect.scoped)

interface Windows {
  readonly resident: number
  readonly proportional: number
  /** What each instance was asked. */
  readonly requests: number
}

/** What they ask by themselves after the first answer. */
const settle = Effect.sleep("5 seconds")

const sum = (values: ReadonlyArray<number>) => values.reduce((total, value) => total + value, 0)

const memoryOf = Effect.fnUntraced(function* (pids: ReadonlyArray<number | undefined>) {
  return {
    resident: sum(yield* Effect.forEach(pids, residentMemory)),
    proportional: sum(yield* Effect.forEach(pids, proportionalMemory)),
  }
})

const useCopy = (copy: JsonRpcProcess) =>
  Effect.all([copy.initialize, copy.listTools, copy.callTool(list.name)], { discard: true })

const measureCopies = Effect.fnUntraced(function* (programs: Programs) {
  const { directory, requests } = yield* startFleet({ healthy: instances, hung: 0 })
  const copies = yield* Effect.replicateEffect(JsonRpcProcess.start(programs.ours(directory)), windows)
  yield* Effect.forEach(copies, useCopy, { concurrency: "unbounded", discard: true })
  yield* settle
  const memory = yield* memoryOf(copies.map(({ pid }) => pid))
  return { ...memory, requests: (yield* requests) / instances } satisfies Windows as Windows
}, Effect.scoped)

const measureEndpoint = Effect.fnUntraced(function* (programs: Programs) {
  const { directory, requests } = yield* startFleet({ healthy: instances, hung: 0 })
  const { pid, url } = yield* startHttpServer(overHttp(programs, directory))
  const work = Effect.flatMap(openClient(url, "2025-11-25"), (client) =>
    Effect.all([client.openStream, client.call(list.name, list.args)], { discard: true }),
  )
  yield* Effect.replicateEffect(work, windows, { concurrency: "unbounded", discard: true })
  yield* settle
  return { ...(yield* memoryOf([pid])), requests: (yield* requests) / instances } satisfies Windows as Windows
}, Effect.scoped)

export const benchHttp = Effect.fn("benchHttp")(function* (programs: Programs) {
  const { directory } = yield* startFleet({ healthy: 3, hung: 0 })
  const command = overHttp(programs, directory)
  const floor = yield* startHttpServer(programs.httpEcho)
  const ours = yield* startHttpServer(command)
  const figures = yield* callFigures(floor, ours)
  const floorMemory = yield* measureSessions(programs.httpEcho, echo)
  const memory = yield* measureSessions(command, list)
  const copies = yield* measureCopies(programs)
  const endpoint = yield* measureEndpoint(programs)
  return [
    ...figures,
    {
      what: "memory of a session",
      value: memory.session,
      unit: "KB",
      floor: { name: "the SDK's echo", value: floorMemory.session },
    },
    {
      what: "memory of an open stream",
      value: memory.stream,
      unit: "KB",
      floor: { name: "the SDK's echo", value: floorMemory.stream },
    },
    {
      what: `${windows} windows, ${instances} instances: memory`,
      value: endpoint.resident,
      unit: "MB",
      floor: { name: `${windows} copies on stdio`, value: copies.resident },
      note: `with shared pages counted once: ${Math.round(endpoint.proportional)} of ${Math.round(copies.proportional)} MB; each instance was asked ${endpoint.requests.toFixed(0)} times instead of ${copies.requests.toFixed(0)}`,
    },
  ] satisfies ReadonlyArray<Figure> as ReadonlyArray<Figure>
}, Effect.scoped)
