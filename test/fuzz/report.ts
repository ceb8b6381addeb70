/** What fuzzing over stdio and over HTTP have in common: one fake instance, and what must hold when all messages are sent. */
import { Effect, Schedule } from "effect"
import { HttpServer } from "effect/http"
import { FakeOpencode } from "../../src/testing/FakeOpencode.ts"
import { makeRelay } from "../support/Executable.ts"
import type { Resources } from "./Connection.ts"

export interface FuzzOptions {
  readonly seed: string
  /** Number of messages, of all eras together. */
  readonly count: number
  /** Only this message, of each era. */
  readonly only?: number | undefined
}

export interface Report {
  readonly era: string
  readonly messages: number
  readonly answers: number
  readonly before: Resources
  readonly after: Resources
  readonly problems: ReadonlyArray<string>
}

/** Fuzzing stops after these. */
export const maxProblems = 10

const maxPeakMegabytes = 500
const maxMoreDescriptors = 5

/** A home in which the fake instance is registered. */
export const relayOfFake = Effect.gen(function* () {
  const fake = yield* FakeOpencode
  const { address } = yield* HttpServer.HttpServer
  const relay = yield* makeRelay()
  yield* relay.register("main", { port: "port" in address ? address.port : 0, directory: fake.directory })
  return relay
})

interface Fuzzed {
  readonly before: Resources
  /** What the server holds now. */
  readonly resources: Effect.Effect<Resources>
  readonly hasExited: () => boolean
}

/** What the server holds in the end. Connections that are not used are kept for a few seconds. */
export const holdsAfter = ({ before, hasExited, resources }: Fuzzed) =>
  Effect.suspend(() => (hasExited() ? Effect.succeed(before) : resources)).pipe(
    Effect.repeat({
      until: ({ descriptors }) => descriptors <= before.descriptors + maxMoreDescriptors,
      schedule: Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(20)]),
    }),
  )

/** What is wrong with a server that was sent all messages, whatever they were. */
export const problemsAfter = Effect.fnUntraced(function* (before: Resources, after: Resources, stderr: string) {
  const { requests } = yield* FakeOpencode
  const writes = requests.filter(({ route }) => !route.startsWith("GET "))
  return [
    ...(/Unhandled|\(node:|defect|^ +at /mu.test(stderr) ? [`stderr: ${stderr.slice(-2000)}`] : []),
    ...(after.peakMegabytes > maxPeakMegabytes ? [`${after.peakMegabytes} MB of memory`] : []),
    ...(after.descriptors > before.descriptors + maxMoreDescriptors ? [`${after.descriptors} open descriptors`] : []),
    ...(writes.length > 0 ? [`the instance was written to: ${JSON.stringify(writes.slice(0, 3))}`] : []),
  ]
})
