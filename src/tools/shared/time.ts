/** Formats times, given in epoch milliseconds. An invalid time from opencode must not fail the answer. */
import { DateTime, Option } from "effect"

export const iso = (milliseconds: number): string =>
  Option.match(DateTime.make(milliseconds), { onNone: () => "unknown", onSome: DateTime.formatIso })

const units: ReadonlyArray<readonly [seconds: number, name: string]> = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
]

/** Elapsed time, such as `5 min ago`. */
export const age = (now: number, then: number): string => {
  const seconds = Math.max(0, Math.floor((now - then) / 1000))
  const [size, name] = units.find(([size]) => seconds >= size) ?? [1, "s"]
  return seconds < 1 ? "just now" : `${Math.floor(seconds / size)} ${name} ago`
}
