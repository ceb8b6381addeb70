/** Asks until the answer is as it has to become. A test that waits in vain says where, and what the last answer was. */
import { type Duration, Effect, Result, Schedule } from "effect"
import { inspect } from "node:util"
import { patience, WaitedInVain } from "./patience.ts"

const mostShown = 3_000

const shown = (answer: unknown) => {
  const text = typeof answer === "string" ? answer : inspect(answer, { depth: 6, breakLength: 120 })
  return text.length <= mostShown ? text : `… ${text.slice(-mostShown)}`
}

/** Where a function of this file was called, such as `test/e2e/day.test.ts:88`. */
const callingLine = () => {
  const frames = new Error().stack?.split("\n").slice(1) ?? []
  const places = frames.map((frame) => /(test\/[^:]*:\d+):\d+\)?$/u.exec(frame)?.[1])
  return places.find((place) => place !== undefined && !place.startsWith("test/support/eventually.ts"))
}

/** Repeats the effect some times a second until its result matches, and returns that result. */
export const eventually = <A>(holds: (answer: A) => boolean, pause: Duration.Input = "100 millis") => {
  const what = `what has to happen at ${callingLine() ?? "an unknown place"}`
  return <E, R>(ask: Effect.Effect<A, E, R>): Effect.Effect<A, E | WaitedInVain, R> =>
    Effect.suspend(() => {
      let asked = 0
      let last: { readonly answer: A; readonly number: number } | undefined
      const seen = () => {
        if (last === undefined) return `It was asked ${asked} times, and never answered.`
        const pending = last.number < asked ? ", and has not answered since" : ""
        return `It answered ${last.number} times${pending}; the last time:\n${shown(last.answer)}`
      }
      return Effect.suspend(() => {
        const number = ++asked
        return Effect.tap(ask, (answer) => Effect.sync(() => (last = { answer, number })))
      }).pipe(
        Effect.repeat({ until: holds, schedule: Schedule.spaced(pause) }),
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.fail(new WaitedInVain({ what, seen: seen() })),
        }),
      )
    })
}

/** Repeats the effect some times a second until it succeeds. */
export const eventuallySucceeds = <A, E, R>(ask: Effect.Effect<A, E, R>) => {
  const wait = eventually<Result.Result<A, E>>(Result.isSuccess)
  return Effect.flatMap(wait(Effect.result(ask)), Effect.fromResult)
}
