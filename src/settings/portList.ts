/** Parses a list of ports and port ranges. */
import { Array, Option } from "effect"

/** Maximum number of ports in one list: enough for any machine, and few enough to probe all of them. */
export const maxPorts = 256

/** Parses `4096` or `4100-4102`. */
const parseRange = (text: string): Option.Option<ReadonlyArray<number>> => {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  return first >= 1 && last >= first && last <= 65_535 ? Option.some(Array.range(first, last)) : Option.none()
}

/** The ports of the items `4096` and `4100-4102`, without duplicates; none for an invalid or too long list. */
export const parsePorts = (items: ReadonlyArray<string>): Option.Option<ReadonlyArray<number>> =>
  Option.all(items.map(parseRange)).pipe(
    Option.map((ranges) => [...new Set(ranges.flat())]),
    Option.filter((ports) => ports.length <= maxPorts),
  )
