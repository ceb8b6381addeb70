/** What get_diff leaves out if the changes are too long for one answer: the ends of long patches, then whole files. */
import { clip } from "../../text/clip.ts"
import type { Cut } from "../shared/answerSize.ts"
import { shorterPage } from "../shared/page.ts"
import type { DiffView, FileView } from "./changeSchemas.ts"

/** Minimum characters of a useful patch. If there is less room, fewer files show a patch. */
const minPatchLength = 400

/** Divides the room among patches: short ones are kept whole, long ones share the rest equally. */
const shares = (lengths: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  const result = lengths.map(() => 0)
  let left = room
  const shortestFirst = [...lengths.entries()].toSorted(([, one], [, other]) => one - other)
  for (const [served, [index, length]] of shortestFirst.entries()) {
    const share = Math.min(length, Math.floor(left / (lengths.length - served)))
    result[index] = share
    left -= share
  }
  return result
}

const withPatch = (file: FileView, room: number | undefined): FileView => {
  const { patch, ...facts } = file
  if (patch === undefined) return file
  const { detail } = facts
  const omitted = `get_diff with this path shows the patch (${patch.length.toLocaleString("en")} characters)`
  if (room === undefined && patch.length <= omitted.length) return file
  return room === undefined
    ? { ...facts, detail: detail === undefined ? omitted : `${detail}; ${omitted}` }
    : { ...facts, patch: clip(patch, room, (kept) => `get_diff with this path and offset ${kept}`) }
}

const patchesWithin = ({ files }: DiffView, room: number): ReadonlyArray<FileView> => {
  const withText = files.flatMap(({ patch }, index) => (patch === undefined ? [] : [index]))
  const chosen = withText.slice(0, Math.floor(room / minPatchLength))
  const given = shares(
    chosen.map((index) => files[index]?.patch?.length ?? 0),
    room,
  )
  const roomOf = new Map(chosen.map((index, position) => [index, given[position]]))
  return files.map((file, index) => withPatch(file, roomOf.get(index)))
}

export const changeCuts: ReadonlyArray<Cut<DiffView>> = [
  {
    size: ({ files_without_diff }) => files_without_diff.length,
    most: 20,
    least: 5,
    keep: (view, count) => ({
      ...view,
      files_without_diff: view.files_without_diff.slice(0, count),
      files_without_diff_count: view.files_without_diff.length,
    }),
  },
  {
    size: ({ files }) => files.reduce((length, { patch = "" }) => length + patch.length, 0),
    most: 100_000,
    least: 3 * minPatchLength,
    keep: (view, count) => ({ ...view, files: patchesWithin(view, count) }),
  },
  {
    size: ({ files }) => files.length,
    most: 60,
    least: 3,
    keep: (view, count) => ({
      ...view,
      files: view.files.slice(0, count),
      ...shorterPage("get_diff", "file", view, view.files.length, count),
    }),
  },
]
