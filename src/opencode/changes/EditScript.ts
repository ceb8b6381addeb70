/**
 * How one version of a file became another, line by line. opencode's patches hold the whole file as context, so those
 * of turns that follow each other can be put together to what all of them did.
 */

export interface Line {
  /** As in a unified diff: kept, deleted, added. */
  readonly sign: " " | "-" | "+"
  /** With the line feed, which a file's last line may lack. */
  readonly text: string
}

/** Every line of both versions. */
export type EditScript = ReadonlyArray<Line>

/** How many lines have that sign. */
export const count = (script: EditScript, sign: Line["sign"]): number =>
  script.reduce((sum, line) => (line.sign === sign ? sum + 1 : sum), 0)

const hunkHead = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/u

const signOf = (line: string): Line["sign"] | undefined => {
  // Some programs cut the blank off an empty line that was kept.
  if (line === "") return " "
  const [sign] = line
  return sign === " " || sign === "-" || sign === "+" ? sign : undefined
}

/** Nothing if the patch does not begin with the first line of the file, or has several hunks: it may leave lines out. */
export const parse = (patch: string): EditScript | undefined => {
  const lines = patch.split("\n")
  const begin = lines.findIndex((line) => hunkHead.test(line))
  if (begin === -1) return undefined
  const [, oldStart, oldCount = "1", newStart, newCount = "1"] = hunkHead.exec(lines[begin] ?? "") ?? []
  if (Number(oldStart) > 1 || Number(newStart) > 1) return undefined
  let oldLeft = Number(oldCount)
  let newLeft = Number(newCount)
  const script: Array<Line> = []
  for (const line of lines.slice(begin + 1)) {
    const last = script.at(-1)
    if (line.startsWith("\\") && last !== undefined) {
      script.splice(-1, 1, { ...last, text: last.text.slice(0, -1) })
    } else if (oldLeft > 0 || newLeft > 0) {
      const sign = signOf(line)
      if (sign === undefined) return undefined
      if (sign !== "+") oldLeft--
      if (sign !== "-") newLeft--
      script.push({ sign, text: `${line.slice(1)}\n` })
    } else if (line !== "") return undefined
  }
  return oldLeft === 0 && newLeft === 0 ? script : undefined
}

const kept = (lines: ReadonlyArray<Line>) => lines.map(({ text }): Line => ({ sign: " ", text }))

/** Lines that were deleted and stand there again were kept. */
const tidyBlock = (block: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const deleted = block.filter(({ sign }) => sign === "-")
  const added = block.filter(({ sign }) => sign === "+")
  const most = Math.min(deleted.length, added.length)
  const same = (index: number) => deleted.at(index)?.text === added.at(index)?.text
  let above = 0
  while (above < most && same(above)) above++
  let below = 0
  while (below < most - above && same(-1 - below)) below++
  return [
    ...kept(added.slice(0, above)),
    ...deleted.slice(above, deleted.length - below),
    ...added.slice(above, added.length - below),
    ...kept(added.slice(added.length - below)),
  ]
}

const without = (script: EditScript, sign: Line["sign"]) => script.filter((line) => line.sign !== sign)

const tidy = (script: EditScript): EditScript => {
  const before = without(script, "+")
  const after = without(script, "-")
  // Lines that are the same may have been counted as each other, so that what was changed back is not seen block by block.
  if (before.length === after.length && before.every(({ text }, index) => text === after[index]?.text)) {
    return kept(after)
  }
  const tidied: Array<Line> = []
  let block: Array<Line> = []
  const close = () => {
    for (const line of tidyBlock(block)) tidied.push(line)
    block = []
  }
  for (const line of script) {
    if (line.sign === " ") {
      close()
      tidied.push(line)
    } else block.push(line)
  }
  close()
  return tidied
}

/** What both did, one after the other. Nothing if the second does not begin with what the first has left. */
export const compose = (first: EditScript, second: EditScript): EditScript | undefined => {
  const both: Array<Line> = []
  let next = 0
  const takeAdded = () => {
    for (let line = second[next]; line?.sign === "+"; line = second[++next]) both.push(line)
  }
  for (const line of first) {
    if (line.sign === "-") {
      both.push(line)
      continue
    }
    takeAdded()
    const after = second[next++]
    if (after?.text !== line.text) return undefined
    if (after.sign === " ") both.push(line)
    else if (line.sign === " ") both.push(after)
  }
  takeAdded()
  return next === second.length ? tidy(both) : undefined
}

/** Lines around a change that are shown with it. */
const context = 3

/** Where something changed, with what stands around it. */
const regions = (script: EditScript): ReadonlyArray<readonly [start: number, end: number]> => {
  const found: Array<[number, number]> = []
  script.forEach(({ sign }, index) => {
    if (sign === " ") return
    const end = Math.min(script.length, index + 1 + context)
    const last = found.at(-1)
    if (last !== undefined && index - context <= last[1]) last[1] = end
    else found.push([Math.max(0, index - context), end])
  })
  return found
}

const range = (before: number, lines: number) => `${lines === 0 ? before : before + 1},${lines}`

const written = ({ sign, text }: Line) =>
  text.endsWith("\n") ? sign + text : `${sign}${text}\n\\ No newline at end of file\n`

/** The hunks of a unified diff. */
export const format = (script: EditScript): string => {
  let position = 0
  let oldLine = 0
  let newLine = 0
  return regions(script)
    .map(([start, end]) => {
      // Only lines that were kept lie between two regions.
      oldLine += start - position
      newLine += start - position
      const lines = script.slice(start, end)
      const oldCount = lines.length - count(lines, "+")
      const newCount = lines.length - count(lines, "-")
      const head = `@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@\n`
      oldLine += oldCount
      newLine += newCount
      position = end
      return head + lines.map(written).join("")
    })
    .join("")
}
