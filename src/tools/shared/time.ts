/** Formats times: ISO 8601 in data, elapsed time in text. An invalid time from opencode must not fail the answer. */
import { DateTime, Option } from "effect"

/** A time in epoch milliseconds as ISO 8601. */
export const iso = (milliseconds: number): string =>
  Option.match(DateTime.make(milliseconds), { onNone: () => "unknown", onSome: DateTime.formatIso })

const units: ReadonlyArray<readonly [seconds: number, name: string]> = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
]

/** The time from `then` to `now`, both ISO 8601, such as `5 min ago`. */
export const elapsed = (now: string, then: string): string => {
  const [end, start] = [DateTime.make(now), DateTime.make(then)]
  if (Option.isNone(end) || Option.isNone(start)) return "at an unknown time"
  const seconds = Math.max(0, Math.floor((end.value.epochMilliseconds - start.value.epochMilliseconds) / 1000))
  const [size, name] = units.find(([size]) => seconds >= size) ?? [1, "s"]
  return seconds < 1 ? "just now" : `${Math.floor(seconds / size)} ${name} ago`
}
