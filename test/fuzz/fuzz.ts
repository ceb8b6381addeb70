/** Sends generated messages to the built executable, and checks what a client relies on. */
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Schedule } from "effect"
import { createServer } from "node:http"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { connect, type Connection } from "./Connection.ts"
import { type Era, eras } from "./eras.ts"
import { expectedOf } from "./expected.ts"
import { fuzzHttp } from "./http/fuzzHttp.ts"
import { messageOf } from "./messages.ts"
import { type FuzzOptions, holdsAfter, maxProblems, problemsAfter, relayOfFake, type Report } from "./report.ts"

/** After this many messages the server must have answered all of them. */
const chunk = 100

const fakeInstance = FakeOpencode.layerServer.pipe(
  Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
  Layer.provideMerge(FakeOpencode.layer),
)

/** Sends a request that is right, and waits until all that must be answered is. */
const settled = Effect.fnUntraced(function* (
  connection: Connection,
  era: Era,
  required: ReadonlyMap<string, number>,
  optional: ReadonlySet<string>,
  probe: string,
) {
  const params = era.meta === undefined ? {} : { _meta: era.meta }
  const line = JSON.stringify({ jsonrpc: "2.0", id: probe, method: "tools/list", params })
  yield* Effect.promise(() => connection.write(Buffer.from(`${line}\n`)))
  const missing = () =>
    [...required, [JSON.stringify(probe), 1] as const].filter(
      ([id, count]) => !optional.has(id) && (connection.answers.get(id) ?? 0) < count,
    )
  return yield* Effect.sync(missing).pipe(
    Effect.repeat({
      until: (ids) => ids.length === 0 || connection.hasExited(),
      schedule: Schedule.spaced("5 millis"),
    }),
    Effect.timeoutOrElse({ duration: "60 seconds", orElse: () => Effect.sync(missing) }),
    Effect.map((ids) => ids.map(([id]) => id)),
  )
})

const fuzzEra = Effect.fnUntraced(function* (era: Era, indices: ReadonlyArray<number>, seed: string) {
  const relay = yield* relayOfFake
  const connection = yield* connect(relay.environment())
  const problems: Array<string> = []
  const required = new Map<string, number>()
  const optional = new Set<string>()
  /** The number of the last message that has each id. */
  const sent = new Map<string, number>()
  if (era.opening !== undefined) {
    const opening = JSON.stringify({ jsonrpc: "2.0", id: "opening", ...era.opening })
    yield* Effect.promise(() => connection.write(Buffer.from(`${opening}\n`)))
    required.set('"opening"', 1)
  }
  const describe = (id: string) => {
    const index = sent.get(id)
    return index === undefined ? id : `${id} (message ${index}; repeat it with --seed ${seed} --only ${index})`
  }
  yield* settled(connection, era, required, optional, "first")
  const before = connection.resources()
  for (const [position, index] of indices.entries()) {
    if (connection.hasExited() || problems.length >= maxProblems) break
    const bytes = yield* messageOf(seed, index, era)
    const { answers, optional: more } = expectedOf(bytes, era)
    for (const id of answers) {
      required.set(id, (required.get(id) ?? 0) + 1)
      sent.set(id, index)
    }
    for (const id of more) optional.add(id)
    // In two pieces, because a message rarely arrives as it was sent.
    const half = (index * 7919) % (bytes.length + 1)
    yield* Effect.promise(() => connection.write(bytes.subarray(0, half)))
    yield* Effect.promise(() => connection.write(Buffer.concat([bytes.subarray(half), Buffer.from("\n")])))
    if ((position + 1) % chunk !== 0 && position + 1 !== indices.length) continue
    const missing = yield* settled(connection, era, required, optional, `probe ${index}`)
    for (const id of missing) {
      problems.push(`no answer to ${describe(id)}`)
      optional.add(id)
    }
  }
  const { hasExited, resources } = connection
  const after = yield* holdsAfter({ before, hasExited, resources: Effect.sync(resources) })
  for (const [id, count] of connection.answers) {
    const most = required.get(id) ?? 0
    const isOwn = /^"(?:first|probe \d+)"$/u.test(id)
    if (!isOwn && !optional.has(id) && count > most)
      problems.push(`${count} answers instead of ${most} to ${describe(id)}`)
  }
  problems.push(...connection.violations)
  if (connection.hasExited()) problems.push(`the server ended: ${connection.stderr().slice(-1000)}`)
  const status = yield* Effect.promise(connection.end)
  if (status !== 0) problems.push(`exit status ${String(status)}`)
  problems.push(...(yield* problemsAfter(before, after, connection.stderr())))
  const answers = [...connection.answers.values()].reduce((sum, count) => sum + count, 0)
  const report: Report = { era: era.name, messages: indices.length, answers, before, after, problems }
  return report
}, Effect.scoped)

/** One report per era. */
export const fuzz = ({ count, only, seed }: FuzzOptions) =>
  Effect.forEach(eras, (era, number) => {
    const all = Array.from(
      { length: Math.ceil(count / eras.length) },
      (_, index) => index * eras.length + number + 1000,
    )
    return fuzzEra(era, only === undefined ? all : [only], seed).pipe(Effect.provide(Layer.fresh(fakeInstance)))
  })

/** The same over HTTP, with requests of any kind. */
export const fuzzOverHttp = (options: FuzzOptions) => Effect.provide(fuzzHttp(options), Layer.fresh(fakeInstance))
