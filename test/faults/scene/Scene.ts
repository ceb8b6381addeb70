/**
 * The built executable over a fleet in which every row of the table has an instance of its own, and a bystander that nothing
 * happens to. All rows happen at once, as in a real fleet.
 */
import { Array, Context, Effect, Fiber, FileSystem, Layer, Schedule, Schema, Semaphore, Struct } from "effect"
import { createServer } from "node:net"
import type { SessionId } from "../../../src/opencode/Identifiers.ts"
import { FakeState } from "../../../src/testing/FakeState.ts"
import { assistant, done, msg, session, textPart, user } from "../../../src/testing/samples.ts"
import { close, listen } from "../../support/loopback.ts"
import { makeRelay } from "../../support/Executable.ts"
import { startRaw } from "../../support/RawServer.ts"
import { startFaultyServer } from "./FaultyServer.ts"
import { operations } from "./operations.ts"
import type { Result, Row } from "./Row.ts"
import { eventually } from "../../support/eventually.ts"

export type Api = 1 | 2

/** A row on one version of opencode. */
export interface Case extends Row {
  readonly api: Api
  /** The name of its instance. */
  readonly instance: string
}

/** Each row on each version that it is for. */
export const casesOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Case> =>
  rows.flatMap((row, index) =>
    (row.on === undefined ? ([1, 2] as const) : [row.on]).map((api) => ({
      ...row,
      api,
      instance: `row-${index}-on-${api}`,
    })),
  )

/** Instances of opencode 2 with the same session or the same process are one server at two addresses. */
const makeFake = (api: Api, index: number) => {
  const fake = new FakeState({ api })
  fake.pid = firstPid + index
  const { id, ...rest } = session(`number${index}`)
  const [question, answer] = [msg(`a${index}`), msg(`b${index}`)]
  fake.sessions = [{ id, ...rest, title: "The session" }]
  fake.store(id, user(question, "Say hello", id))
  fake.store(id, { info: assistant(answer, question, done(), id), parts: [textPart(answer, "Hello.")] })
  return { fake, id }
}

/** No process has it. */
const firstPid = 5_000_000

const inSession = new Set([
  "get_session",
  "send_message",
  "wait_for_session",
  "respond_permission",
  "answer_question",
  "abort_session",
  "get_diff",
])

const CallResult = Schema.Struct({
  isError: Schema.optional(Schema.Boolean),
  content: Schema.Array(Schema.Struct({ text: Schema.String })),
  structuredContent: Schema.optional(Schema.Unknown),
})

const isWrite = ({ route }: { readonly route: string }) => !route.startsWith("GET ")

/** As many calls as a client makes at once at most. */
const concurrency = 24

const bystander = { api: 1, instance: "bystander" } as const

export class Scene extends Context.Service<
  Scene,
  {
    /** The answer to a row's call, and the fake behind its instance. */
    readonly outcome: (row: Case) => Effect.Effect<Outcome>
    /** What is left behind when all rows have been answered. */
    readonly remains: Effect.Effect<{
      readonly bystander: { readonly answer: string; readonly writes: ReadonlyArray<string> }
      /** What the server held before it knew the instances, and after it has forgotten them. */
      readonly held: { readonly before: Holdings; readonly after: Holdings }
      /** The most memory that the server has used. */
      readonly megabytes: number
      /** Connections to the proxy of the server's environment, where instances redirect to, too. No request may go there. */
      readonly proxied: number
    }>
  }
>()("test/faults/Scene") {}

/** Numbers of objects that a leak would add to. */
const Holdings = Schema.Struct({
  descriptors: Schema.Int,
  /** What they lead to. */
  links: Schema.Array(Schema.String),
  fibers: Schema.Int,
  sockets: Schema.Int,
  timers: Schema.Int,
})
type Holdings = typeof Holdings.Type

const isAtMost = (now: Holdings, before: Holdings) =>
  now.descriptors <= before.descriptors &&
  now.fibers <= before.fibers &&
  now.sockets <= before.sockets &&
  now.timers <= before.timers

/** Reports what the server holds; see the file. */
const reporting = `--import ${new URL("reportHoldings.mjs", import.meta.url).href}`
const decodeReport = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct(Struct.omit(Holdings.fields, ["descriptors", "links"]))),
)

export interface Outcome {
  readonly result: Result
  readonly fake: FakeState
  readonly session: SessionId
  /** The requests that change something, as far as they reached the fake. */
  readonly writes: ReadonlyArray<string>
}

/** Counts the connections to it. */
const countingServer = Effect.gen(function* () {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  const port = yield* Effect.acquireRelease(listen(server), () => close(server))
  return { url: `http://127.0.0.1:${port}`, connections: () => connections }
})

const writesOf = (fake: FakeState) => fake.requests.filter(isWrite).map(({ route }) => route)

export const sceneLayer = (cases: ReadonlyArray<Case>) =>
  Layer.effect(
    Scene,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay()
      const proxy = yield* countingServer
      const server = yield* startRaw(relay, {
        variables: {
          NODE_OPTIONS: reporting,
          NODE_USE_ENV_PROXY: "1",
          HTTP_PROXY: proxy.url,
          HTTPS_PROXY: proxy.url,
          HEALTH_CHECK_TIMEOUT_MS: "5000",
          // Longer than any row takes, so that no row depends on how busy the machine is.
          SEND_TIMEOUT_MS: "120000",
          OPENCODE_SERVER_PASSWORD: new FakeState({ api: 2 }).credentials?.password,
        },
      })
      yield* server.initialize()
      const call = Effect.fnUntraced(function* (name: string, args: Readonly<Record<string, unknown>>) {
        const { result } = yield* server.request("tools/call", { name, arguments: args })
        const { content, isError, structuredContent } = yield* Schema.decodeUnknownEffect(CallResult)(result)
        return {
          isError: isError === true,
          text: content.map(({ text }) => text).join("\n"),
          structured: JSON.stringify(structuredContent ?? null),
        } satisfies Result
      }, Effect.orDie)

      /** What each open descriptor leads to. One that was closed meanwhile leads nowhere. */
      const open = fs.readDirectory(`/proc/${server.pid}/fd`).pipe(
        Effect.flatMap(
          Effect.forEach((name) => Effect.option(fs.readLink(`/proc/${server.pid}/fd/${name}`)), {
            concurrency: "unbounded",
          }),
        ),
        Effect.map(Array.getSomes),
        Effect.orDie,
      )
      const reports = Effect.map(server.stderr, (text) =>
        [...text.matchAll(/^holdings (.*)$/gmu)].map(([, json]) => json),
      )
      const holdings = Effect.gen(function* () {
        const { length } = yield* reports
        yield* server.kill("SIGUSR2")
        const [report] = yield* Effect.map(reports, (all) => all.slice(length)).pipe(
          eventually((all) => all.length > 0, "50 millis"),
          Effect.orDie,
        )
        const links = yield* open
        return { ...decodeReport(report), descriptors: links.length, links }
      })
      const megabytes = Effect.map(Effect.orDie(fs.readFileString(`/proc/${server.pid}/status`)), (status) =>
        Math.round(Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1]) / 1024),
      )
      yield* call("refresh_instances", {})
      const before = yield* holdings

      const start = Effect.fnUntraced(function* (
        each: Pick<Case, "api" | "instance" | "faults" | "listener" | "onWrite" | "prepare">,
        index: number,
      ) {
        const { fake, id } = makeFake(each.api, index)
        each.prepare?.(fake, id)
        const armed = (each.faults ?? []).map(({ to, ...rest }) => ({ ...rest, at: operations[each.api][to] }))
        const onWrite = Effect.suspend(() => each.onWrite?.(fake, id) ?? Effect.void)
        const port = yield* each.listener ?? startFaultyServer(fake, armed, { onWrite, elsewhere: proxy.url })
        const file = yield* relay.register(each.instance, { port, api: each.api, directory: "/work/project" })
        return [each.instance, { fake, id, file }] as const
      })
      const started = new Map(yield* Effect.forEach([...cases, bystander], start))
      const at = (instance: string) => {
        const found = started.get(instance)
        if (found === undefined) throw new Error(`no instance is called ${instance}`)
        return found
      }
      yield* call("refresh_instances", {})

      const calls = yield* Semaphore.make(concurrency)
      const ask = Effect.fnUntraced(function* ({ call: [tool, parameters], instance }: Case) {
        const { fake, id } = at(instance)
        const where =
          tool === "list_instances"
            ? { search: instance }
            : { instance, ...(inSession.has(tool) ? { session_id: id } : {}) }
        const result = yield* calls.withPermits(1)(call(tool, { ...where, ...parameters }))
        return { result, fake, session: id, writes: writesOf(fake) }
      })
      const asked = new Map(
        yield* Effect.forEach(cases, (row) =>
          Effect.map(Effect.forkScoped(ask(row)), (fiber) => [row.instance, fiber] as const),
        ),
      )
      return Scene.of({
        outcome: ({ instance }) =>
          Effect.suspend(() => {
            const fiber = asked.get(instance)
            return fiber === undefined ? Effect.die(new Error(`no row has ${instance}`)) : Fiber.join(fiber)
          }),
        remains: Effect.gen(function* () {
          yield* Effect.forEach(asked.values(), Fiber.await, { discard: true })
          const { text: answer } = yield* call("list_sessions", { instance: bystander.instance })
          yield* Effect.forEach(started.values(), ({ file }) => Effect.orDie(fs.remove(file)))
          yield* call("refresh_instances", {})
          const after = yield* holdings.pipe(
            // Idle connections are kept for a few seconds, and event streams for a minute after their last use.
            Effect.repeat({ until: (now) => isAtMost(now, before), schedule: Schedule.spaced("3 seconds") }),
            Effect.timeoutOrElse({ duration: "2 minutes", orElse: () => holdings }),
          )
          return {
            bystander: { answer, writes: writesOf(at(bystander.instance).fake) },
            held: { before, after },
            megabytes: yield* megabytes,
            proxied: proxy.connections(),
          }
        }),
      })
    }),
  )
