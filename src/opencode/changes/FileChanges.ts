/** What turns have changed, put together file by file. */
import { clip } from "../../text/plainText.ts"
import { compose, count, type EditScript, format, parse } from "./EditScript.ts"
import type { FileDiff } from "./FileDiff.ts"

export interface FileChange {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly status: "added" | "deleted" | "modified"
  readonly additions: number
  readonly deletions: number
  /** How many turns changed it. */
  readonly turns: number
  /**
   * Unified diffs, in the order of the turns. There are several if somebody else changed the file between two turns, or
   * if opencode gave no text for one: a line that two of them changed is then counted twice.
   */
  readonly patches: ReadonlyArray<string>
}

/** What turns that follow each other did to one file. */
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

/** By path, the one changed last at the end. */
export type FileChanges = ReadonlyMap<string, Changed>

export const none: FileChanges = new Map()

/** Nobody reads more of a diff that stands for itself. */
const longestText = 50_000

/** git quotes what would break the line. */
const quoted = (name: string) => (/[\p{Cc}"\\]/u.test(name) ? JSON.stringify(name) : name)

/** A unified diff as git writes and applies it. */
const textOf = ({ content }: Piece, path: string, { existed, exists }: Pick<Changed, "existed" | "exists">) => {
  if ("text" in content) return content.text
  const hunks = format(content.script)
  return hunks === ""
    ? ""
    : `--- ${existed ? quoted(`a/${path}`) : "/dev/null"}\n+++ ${exists ? quoted(`b/${path}`) : "/dev/null"}\n${hunks}`
}

/** A piece that nothing can be added to needs only what is shown of it. */
const closed = (piece: Piece, path: string, existed: boolean): Piece => ({
  ...piece,
  content: { text: clip(textOf(piece, path, { existed, exists: true }), longestText) },
})

/** For a name that git quotes, opencode gives the head of a patch and no hunk; for a binary file nothing at all. */
const pieceOf = ({ additions, deletions, patch = "", status }: FileDiff): Piece => {
  const hunks = patch.includes("\n@@ ")
  const isEmptyFile = !hunks && patch !== "" && additions + deletions === 0 && status !== "modified"
  const script = isEmptyFile ? [] : parse(patch)
  if (script !== undefined) return { additions, deletions, content: { script } }
  return { additions, deletions, content: { text: hunks ? clip(patch, longestText) : "" } }
}

const composed = (first: Piece, second: Piece): Piece | undefined => {
  if (!("script" in first.content) || !("script" in second.content)) return undefined
  const script = compose(first.content.script, second.content.script)
  return script === undefined
    ? undefined
    : { additions: count(script, "+"), deletions: count(script, "-"), content: { script } }
}

const isSilent = ({ additions, content, deletions }: Piece) =>
  additions + deletions === 0 && ("script" in content ? content.script.length === 0 : content.text === "")

const append = (path: string, existed: boolean, pieces: ReadonlyArray<Piece>, piece: Piece): ReadonlyArray<Piece> => {
  const last = pieces.at(-1)
  if (last === undefined) return [piece]
  // Only its mode has changed, say. Whether the next turn goes on from there shows then.
  if (isSilent(piece)) return pieces
  const both = composed(last, piece)
  return both === undefined
    ? [...pieces.slice(0, -1), closed(last, path, existed || pieces.length > 1), piece]
    : [...pieces.slice(0, -1), both]
}

/** Adds what the next turn changed. */
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

/** Whether all is as it was before: made and deleted again, or every line changed back. */
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

/** The files that are not as they were before, the one changed last first; and how many are. */
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
