/** How long an answer of 32 MB occupies the process at a time, while every other call waits. */
import { Effect, Layer } from "effect"
import { createServer } from "node:http"
import * as HttpTransport from "../src/opencode/http/HttpTransport.ts"
import { OpencodeClient } from "../src/opencode/Opencode.ts"
import * as OpencodeV1 from "../src/opencode/v1/OpencodeV1.ts"
import { here, msg, session, textPart, user } from "../src/testing/samples.ts"
import { target } from "../test/support/overFake.ts"
import { close, listen } from "../test/support/loopback.ts"
import type { Figure } from "./support/report.ts"

const size = 32 * 1024 * 1024

const id = msg("1")

const page = (parts: ReadonlyArray<object>) => JSON.stringify([{ info: user(id).info, parts }])

const manyParts = Array.from({ length: 250_000 }, (_, index) => textPart(id, "Hello, one part", `prt_${index}`))

const answers = {
  "a message with one text of 32 MB": page([textPart(id, "x".repeat(size))]),
  "a message with 250,000 parts": page(manyParts),
  "150,000 sessions": JSON.stringify(Array.from({ length: 150_000 }, (_, index) => session(`${index}`))),
}

/** In milliseconds. Not the time on the clock, in which other processes may have run. */
const processorTime = () => {
  const { system, user } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** The longest turn of the event loop, in milliseconds of processor time. */
const longestTurn = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    let longest = 0
    let before = processorTime()
    const turn = () => {
      const now = processorTime()
      longest = Math.max(longest, now - before)
      before = now
    }
    yield* Effect.raceFirst(work, Effect.forever(Effect.andThen(Effect.yieldNow, Effect.sync(turn))))
    turn()
    return longest
  })

const servingBody = (body: string) => {
  const bytes = Buffer.from(body)
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": bytes.byteLength }).end(bytes)
  })
  return Effect.acquireRelease(listen(server), () => {
    server.closeAllConnections()
    return close(server)
  })
}

export const benchLarge = Effect.fn("benchLarge")(
  function* () {
    const figures: Array<Figure> = []
    for (const [what, body] of Object.entries(answers)) {
      const port = yield* servingBody(body)
      const opencode = (yield* OpencodeClient).at({ ...target, url: `http://127.0.0.1:${port}` })
      const read = what.endsWith("sessions")
        ? Effect.asVoid(opencode.sessions)
        : Effect.asVoid(opencode.messages(here, { limit: 1 }))
      yield* read
      const value = yield* longestTurn(read)
      figures.push({ what, value, unit: "ms", floor: { name: "bound", value: 50 }, target: 1 })
    }
    return figures
  },
  Effect.provide(OpencodeV1.layer.pipe(Layer.provide(HttpTransport.layer))),
  Effect.scoped,
)
