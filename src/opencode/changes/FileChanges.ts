/** Merges the changes of several turns, file by file. */
import { TextDiff } from "effect"
import { clip } from "../../text/clip.ts"
import { compose, count, type EditScript, parse } from "./EditScript.ts"
import type { FileDiff } from "./FileDiff.ts"

export interface FileChange {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly status: "added" | "deleted" | "modified"
  readonly additions: number
  readonly deletions: number
  /** The number of turns that changed the file. */
  readonly turns: number
  /**
   * Unified diffs, in the order of the turns. There are several if another program changed the file between two turns, or if
   * opencode has no text diff of a turn. A line that two of them change is then counted twice.
   */
  readonly patches: ReadonlyArray<string>
}

/** The changes of consecutive turns to one file. */
interface Piece {
  readonly additions: number
  readonly deletions: number
  readonly content: { readonly script: EditScript } | { readonly text: string }
}

interface Changed {
  readonly existed: boolean
  readonly exists: boolean
  readonly turns: number
  readonly pieces: ReadonlyArray<Piece>
}

/** By path, in the order of the last change. */
export type FileChanges = ReadonlyMap<string, Changed>

export const none: FileChanges = new Map()

/** Maximum characters of a patch that cannot be composed with another. */
const maxTextLength = 50_000

const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`

/** JSON and git have the same short escapes. */
const escaped = (character: string) => {
  const json = JSON.stringify(character).slice(1, -1)
  return json.length === 2 ? json : octal(character)
}

// oxlint-disable-next-line no-control-regex -- git escapes these characters
const unusual = /[\u0000-\u001F\u007F"\\]/gu

/** A file name in the header of a patch, as git writes it. GNU patch takes a name with spaces to end at the tab. */
const named = (name: string) => {
  if (name.search(unusual) !== -1) return `"${name.replaceAll(unusual, escaped)}"`
  return name.includes(" ") ? `${name}\t` : name
}

/** A unified diff that git and GNU patch can apply. */
const textOf = ({ content }: Piece, path: string, { existed, exists }: Pick<Changed, "existed" | "exists">) =>
  "text" in content
    ? content.text
    : TextDiff.unified(content.script, {
        fromFile: existed ? named(`a/${path}`) : "/dev/null",
        toFile: exists ? named(`b/${path}`) : "/dev/null",
      })

/** Converts a piece to text, because it cannot be composed with the next one. */
const closed = (piece: Piece, path: string, existed: boolean): Piece => ({
  ...piece,
  content: { text: clip(textOf(piece, path, { existed, exists: true }), maxTextLength) },
})

/** opencode's patch has no hunks for a file whose name git quotes, and is empty for a binary file. */
const pieceOf = ({ additions, deletions, patch = "", status }: FileDiff): Piece => {
  const hunks = patch.includes("\n@@ ")
  const isEmptyFile = !hunks && patch !== "" && additions + deletions === 0 && status !== "modified"
  const script = isEmptyFile ? [] : parse(patch)
  if (script !== undefined) return { additions, deletions, content: { script } }
  return { additions, deletions, content: { text: hunks ? clip(patch, maxTextLength) : "" } }
}

const composed = (first: Piece, second: Piece): Piece | undefined => {
  if (!("script" in first.content) || !("script" in second.content)) return undefined
  const script = compose(first.content.script, second.content.script)
  return script === undefined
    ? undefined
    : { additions: count(script, "Insert"), deletions: count(script, "Delete"), content: { script } }
}

const isEmpty = ({ additions, content, deletions }: Piece) =>
  additions + deletions === 0 && ("script" in content ? content.script.length === 0 : content.text === "")

const append = (path: string, existed: boolean, pieces: ReadonlyArray<Piece>, piece: Piece): ReadonlyArray<Piece> => {
  const last = pieces.at(-1)
  if (last === undefined) return [piece]
  // For example, only the file's mode changed.
  if (isEmpty(piece)) return pieces
  const both = composed(last, piece)
  return both === undefined
    ? [...pieces.slice(0, -1), closed(last, path, existed || pieces.length > 1), piece]
    : [...pieces.slice(0, -1), both]
}

/** Adds the changes of the next turn. */
export const addTurn = (before: FileChanges, diffs: ReadonlyArray<FileDiff>): FileChanges => {
  const changes = new Map(before)
  for (const diff of diffs) {
    const path = diff.file ?? "(a file that opencode does not name)"
    const known = changes.get(path)
    changes.delete(path)
    const existed = known?.existed ?? diff.status !== "added"
    changes.set(path, {
      existed,
      exists: diff.status !== "deleted",
      turns: (known?.turns ?? 0) + 1,
      pieces: append(path, existed, known?.pieces ?? [], pieceOf(diff)),
    })
  }
  return changes
}

/** Whether the file is unchanged in the end: created and deleted again, or every line changed back. */
const isUndone = ({ existed, exists, pieces, turns }: Changed): boolean => {
  const [piece, ...others] = pieces
  if (!exists) return !existed
  return (
    existed &&
    turns > 1 &&
    others.length === 0 &&
    piece !== undefined &&
    "script" in piece.content &&
    piece.additions + piece.deletions === 0
  )
}

const sum = (pieces: ReadonlyArray<Piece>, of: "additions" | "deletions") =>
  pieces.reduce((total, piece) => total + piece[of], 0)

/** The changed files, most recently changed first; `undone` counts the files whose changes were all undone. */
export const summarise = (
  changes: FileChanges,
): { readonly files: ReadonlyArray<FileChange>; readonly undone: number } => {
  const remaining = [...changes].filter(([, changed]) => !isUndone(changed)).toReversed()
  return {
    undone: changes.size - remaining.length,
    files: remaining.map(([path, { existed, exists, pieces, turns }]) => ({
      path,
      status: existed ? (exists ? "modified" : "deleted") : "added",
      additions: sum(pieces, "additions"),
      deletions: sum(pieces, "deletions"),
      turns,
      patches: pieces
        .map((piece, index) => textOf(piece, path, { existed: existed || index > 0, exists }))
        .filter((text) => text !== ""),
    })),
  }
}
