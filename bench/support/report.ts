/** The table that the bench prints. */

export interface Figure {
  readonly what: string
  readonly value: number
  /** All measurements, if `value` is their median. The table shows the smallest and the largest. */
  readonly samples?: ReadonlyArray<number>
  /** "%" is of one core. */
  readonly unit: "ms" | "MB" | "KB" | "%"
  readonly floor?: { readonly name: string; readonly value: number }
  /** The maximum acceptable ratio to the floor. */
  readonly target?: number | undefined
  readonly note?: string
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [below = Number.NaN, above = Number.NaN] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1, middle + 1)
  return (below + above) / 2
}

const columns = ["", "measured", "spread", "floor", "ratio", "target", "met", "note"] as const

const digits = (value: number) => value.toFixed(value < 10 ? 2 : 1)

/** The smallest and the largest value. */
export const spread = (values: ReadonlyArray<number>): string =>
  `${digits(Math.min(...values))} to ${digits(Math.max(...values))}`

const format = (value: number, unit: string) => `${digits(value)} ${unit}`

const cells = ({ what, value, samples, unit, floor, target, note }: Figure): ReadonlyArray<string> => {
  const ratio = floor === undefined ? undefined : value / floor.value
  return [
    what,
    format(value, unit),
    samples === undefined ? "" : spread(samples),
    floor === undefined ? "" : `${format(floor.value, unit)} ${floor.name}`,
    ratio?.toFixed(2) ?? "",
    target === undefined ? "" : `<= ${target}`,
    target === undefined || ratio === undefined ? "" : ratio <= target ? "yes" : "NO",
    note ?? "",
  ]
}

export const renderTable = (title: string, figures: ReadonlyArray<Figure>): string => {
  const rows = [columns, ...figures.map(cells)]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  return [`\n${title}`, ...lines].join("\n")
}
