/**
 * Following a turn: `send_message` on a real opencode with a scripted model, compared with a bare client that posts the
 * prompt to the same opencode and waits for the idle event.
 */
import { Effect, Schema } from "effect"
import { RealOpencode } from "../test/support/RealOpencode.ts"
import { bareDeltas } from "./floors/bareDeltas.ts"
import { bareClient } from "./floors/bareTurns.ts"
import { JsonRpcProcess, type RequestFailed } from "./support/JsonRpcProcess.ts"
import { registered } from "./support/fleet.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"
import { timed } from "./support/timed.ts"

const rounds = 15
const atOnce = 20
const deltas = 80

const sessionOf = Schema.decodeUnknownSync(
  Schema.Struct({ structuredContent: Schema.Struct({ session: Schema.Struct({ session_id: Schema.String }) }) }),
)

/** Alternates between both, each after opencode has finished its work after the previous turn. */
const alternating = Effect.fnUntraced(function* (
  ours: Effect.Effect<unknown, RequestFailed>,
  bare: Effect.Effect<unknown, RequestFailed>,
) {
  const figures = { ours: Array<number>(), bare: Array<number>() }
  for (let round = -2; round < rounds; round++) {
    const pause = Effect.sleep("300 millis")
    const our = yield* Effect.andThen(pause, timed(ours))
    const their = yield* Effect.andThen(pause, timed(bare))
    if (round < 0) continue
    figures.ours.push(our)
    figures.bare.push(their)
  }
  return figures
})

/** Milliseconds from a delta's arrival at a bare reader until the client has the progress that shows it. */
const measureDeltas = Effect.fnUntraced(function* (ours: JsonRpcProcess, url: string, session_id: string) {
  const arrived = yield* bareDeltas(url)
  const shown = new Map<number, number>()
  ours.onNotification = (line, at) => {
    const [, tick] = [...line.matchAll(/tick (\d+)/gu)].at(-1) ?? []
    if (tick !== undefined && !shown.has(Number(tick))) shown.set(Number(tick), at)
  }
  yield* ours.request("tools/call", {
    name: "send_message",
    arguments: { session_id, message: `slow: ${deltas}` },
    _meta: { progressToken: "bench" },
  })
  return [...shown].flatMap(([tick, at]) => {
    const from = arrived.get(tick)
    return from === undefined ? [] : [at - from]
  })
})

const percentile = (values: ReadonlyArray<number>, part: number) =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * part) - 1] ?? Number.NaN

export const benchTurns = Effect.fn("benchTurns")(
  function* (programs: Programs) {
    const opencode = yield* RealOpencode
    const directory = yield* registered({ port: opencode.port, cwd: opencode.directory })
    const ours = yield* JsonRpcProcess.start(programs.ours(directory))
    yield* ours.initialize
    yield* ours.listTools
    const bare = yield* bareClient(opencode.url)
    const newSession = Effect.map(
      ours.callTool("create_session", { title: "Bench" }),
      ({ result }) => sessionOf(result).structuredContent.session.session_id,
    )
    const sessions = yield* Effect.replicateEffect(newSession, atOnce)
    const send = (session_id: string) => ours.callTool("send_message", { session_id, message: "say:done" })
    const each = { ours: Array<number>(), bare: Array<number>() }
    const sendMeasured = (session_id: string) => Effect.map(timed(send(session_id)), (ms) => void each.ours.push(ms))
    const turnMeasured = (session_id: string) =>
      Effect.map(timed(bare.turn(session_id, "say:done")), (ms) => void each.bare.push(ms))
    const all = (one: (session: string) => Effect.Effect<unknown, RequestFailed>) =>
      Effect.forEach(sessions, one, { concurrency: "unbounded" })

    const [session = ""] = sessions
    const one = yield* alternating(send(session), bare.turn(session, "say:done"))
    const many = yield* alternating(all(sendMeasured), all(turnMeasured))
    const figure = (what: string, { bare, ours }: Effect.Success<ReturnType<typeof alternating>>): Figure => ({
      what,
      value: median(ours),
      samples: ours,
      unit: "ms",
      floor: { name: "bare client", value: median(bare) },
      target: 1.08,
      note: `median of ${rounds}; a real opencode does most of it`,
    })
    const added = yield* Effect.scoped(measureDeltas(ours, opencode.url, session))
    return [
      figure("a turn", one),
      figure(`${atOnce} turns at once`, many),
      {
        what: `one of ${atOnce} turns at once, p99`,
        value: percentile(each.ours, 0.99),
        unit: "ms",
        floor: { name: "bare client's p99", value: percentile(each.bare, 0.99) },
        note: `p50 ${percentile(each.ours, 0.5).toFixed(0)} ms, bare ${percentile(each.bare, 0.5).toFixed(0)} ms; a bare turn alone takes ${median(one.bare).toFixed(0)} ms`,
      },
      {
        what: "a delta to the client's progress, p50",
        value: median(added),
        samples: added,
        unit: "ms",
        note: `after a bare reader of the same events; ${added.length} of ${deltas} shown; goal <= 5 ms`,
      },
    ] satisfies ReadonlyArray<Figure> as ReadonlyArray<Figure>
  },
  Effect.scoped,
  Effect.provide(RealOpencode.layer({ snapshots: true })),
)
