/**
 * Edit scripts: how one version of a file became another, line by line. opencode's patches contain the whole file as
 * context, so the patches of consecutive turns can be composed into one.
 *
 * Effect's `TextDiff` computes and prints scripts. It does not parse patches, so this module does.
 */
import { TextDiff } from "effect"

/** Covers every line of both versions. A line includes its line feed, which the last line of a file may lack. */
export type EditScript = ReadonlyArray<TextDiff.Edit<string>>

/** The number of lines that a script inserts or deletes. */
export const count = (script: EditScript, tag: "Insert" | "Delete"): number =>
  script.reduce((sum, edit) => (edit._tag === tag ? sum + edit.items.length : sum), 0)

const without = (script: EditScript, tag: "Insert" | "Delete") =>
  script.flatMap((edit) => (edit._tag === tag ? [] : edit.items)).join("")

/** The text of the file before the script. */
export const before = (script: EditScript): string => without(script, "Insert")

/** The text of the file after the script. */
export const after = (script: EditScript): string => without(script, "Delete")

const hunkHeader = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/u

const tagOf = (line: string): TextDiff.Edit<string>["_tag"] | undefined => {
  switch (line[0]) {
    case " ":
    // Some programs strip the space from an empty context line.
    case undefined:
      return "Equal"
    case "-":
      return "Delete"
    case "+":
      return "Insert"
    default:
      return undefined
  }
}

interface Line {
  readonly _tag: TextDiff.Edit<string>["_tag"]
  readonly text: string
}

/** Adjacent lines with the same tag become one edit. */
const scriptOf = (lines: ReadonlyArray<Line>): EditScript => {
  const edits: Array<{ _tag: Line["_tag"]; items: Array<string> }> = []
  for (const { _tag, text } of lines) {
    const last = edits.at(-1)
    if (last?._tag === _tag) last.items.push(text)
    else edits.push({ _tag, items: [text] })
  }
  return edits
}

/** Undefined if the patch may omit lines: it does not start at the first line of the file, or has several hunks. */
export const parse = (patch: string): EditScript | undefined => {
  const lines = patch.split("\n")
  const begin = lines.findIndex((line) => hunkHeader.test(line))
  if (begin === -1) return undefined
  const [, oldStart, oldCount = "1", newStart, newCount = "1"] = hunkHeader.exec(lines[begin] ?? "") ?? []
  if (Number(oldStart) > 1 || Number(newStart) > 1) return undefined
  let oldLeft = Number(oldCount)
  let newLeft = Number(newCount)
  const parsed: Array<Line> = []
  for (const line of lines.slice(begin + 1)) {
    const last = parsed.at(-1)
    if (line.startsWith("\\") && last !== undefined) {
      parsed.splice(-1, 1, { ...last, text: last.text.slice(0, -1) })
    } else if (oldLeft > 0 || newLeft > 0) {
      const _tag = tagOf(line)
      if (_tag === undefined) return undefined
      if (_tag !== "Insert") oldLeft--
      if (_tag !== "Delete") newLeft--
      parsed.push({ _tag, text: `${line.slice(1)}\n` })
    } else if (line !== "") return undefined
  }
  return oldLeft === 0 && newLeft === 0 ? scriptOf(parsed) : undefined
}

/** Bounds the work on files that have little in common. The script is then correct but not the shortest. */
const maxEdits = 1000

/** One script for both. Undefined if the second does not start from the result of the first. */
export const compose = (first: EditScript, second: EditScript): EditScript | undefined =>
  after(first) === before(second) ? TextDiff.lines(before(first), after(second), { maxEdits }) : undefined
