/** Flags that take a number, and say which ones. */
import { Option } from "effect"
import { Flag } from "effect/cli"

interface Range {
  readonly minimum: number
  readonly maximum: number
}

const inRange =
  ({ maximum, minimum }: Range) =>
  (value: string) =>
    Option.liftPredicate(
      Number(value),
      (number) => /^\d+$/u.test(value.trim()) && number >= minimum && number <= maximum,
    )

/** A flag that takes a whole number. A wrong value is answered with the range. */
export const wholeNumber = (name: string, range: Range) =>
  Flag.String(name).pipe(
    Flag.withMetavar("NUMBER"),
    Flag.filterMap(inRange(range), () => `a whole number from ${range.minimum} to ${range.maximum}`),
  )
