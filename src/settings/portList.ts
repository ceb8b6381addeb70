/** Ports as a person lists them. */
import { Array, Option } from "effect"

/** Far more than anybody runs opencodes on, and few enough to ask them all. */
export const mostPorts = 256

/** `4096` or `4100-4102`. */
const rangeOf = (text: string): Option.Option<ReadonlyArray<number>> => {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  return first >= 1 && last >= first && last <= 65_535 ? Option.some(Array.range(first, last)) : Option.none()
}

/** Those of `4096,4100-4102`, each once; none where it is no such list, or one of more than {@link mostPorts}. */
export const portsOf = (parts: ReadonlyArray<string>): Option.Option<ReadonlyArray<number>> =>
  Option.all(parts.map(rangeOf)).pipe(
    Option.map((ranges) => [...new Set(ranges.flat())]),
    Option.filter((ports) => ports.length <= mostPorts),
  )
