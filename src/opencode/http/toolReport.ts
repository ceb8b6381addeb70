/**
 * Reads a tool's metadata, whose shape belongs to the tool: what is not recognised is left out. Both versions of opencode
 * use the same names, except that opencode 1 has one of its own for the edit of a single file.
 */
import { Option, Schema } from "effect"
import type { ToolReport } from "../sessions/Message.ts"

const Counts = Schema.Struct({ additions: Schema.Finite, deletions: Schema.Finite })

const decodeExit = Schema.decodeUnknownOption(Schema.Struct({ exit: Schema.Int }))
const decodeFile = Schema.decodeUnknownOption(Schema.Struct({ filediff: Counts }))
const decodeFiles = Schema.decodeUnknownOption(Schema.Struct({ files: Schema.NonEmptyArray(Counts) }))

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, number) => total + number, 0)

/** Nothing, or the report as a field of the tool's state. */
export const reportOf = (metadata: unknown): { readonly report?: ToolReport } => {
  const exit = Option.map(decodeExit(metadata), ({ exit }) => ({ exit }))
  const files = Option.orElse(
    Option.map(decodeFile(metadata), ({ filediff }) => [filediff]),
    () => Option.map(decodeFiles(metadata), ({ files }) => files),
  )
  const lines = Option.map(files, (files) => ({
    added: sum(files.map(({ additions }) => additions)),
    removed: sum(files.map(({ deletions }) => deletions)),
  }))
  if (Option.isNone(exit) && Option.isNone(lines)) return {}
  return { report: { ...Option.getOrElse(exit, () => ({})), ...Option.getOrElse(lines, () => ({})) } }
}

/** The metadata of such a report, as both versions have it. For fakes. */
export const metadataOf = ({ added, exit, removed }: ToolReport): Readonly<Record<string, unknown>> => ({
  ...(exit === undefined ? {} : { exit }),
  ...(added === undefined || removed === undefined ? {} : { files: [{ additions: added, deletions: removed }] }),
})
