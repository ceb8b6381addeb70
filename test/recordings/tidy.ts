/**
 * Normalizes a recording: removes private data and what differs from run to run, so that a new recording shows the changes of
 * a new opencode. The order of concurrent events still varies.
 */

/** Ids get the number in which they first appear among those of their kind. */
const numbered = (text: string) => {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  return text.replace(/\b(ses|msg|prt|per|que|call|err|frm|sh)_[A-Za-z0-9-]+/gu, (id, kind: string) => {
    const known = names.get(id)
    if (known !== undefined) return known
    const count = (counts.get(kind) ?? 0) + 1
    const name = `${kind}_${String(count).padStart(3, "0")}`
    counts.set(kind, count)
    names.set(id, name)
    return name
  })
}

/** Times are replaced by their rank: order and equality are kept, distances are not. */
const ranked = (text: string) => {
  const epoch = /\b1[5-9]\d{11}\b/gu
  const order = [...new Set(text.match(epoch))].sort()
  const ranks = new Map(order.map((time, index) => [time, String(1_800_000_000_000 + index)]))
  return text.replace(epoch, (time) => ranks.get(time) ?? time)
}

const longest = 400

/** Clips long texts, and removes a frame's own `time`, which is not used. */
const clip = (recording: object) => {
  let clipped = 0
  const text = JSON.stringify(recording, (key, value: unknown) => {
    if (key === "time" && typeof value === "number") return undefined
    if (typeof value !== "string" || value.length <= longest) return value
    clipped += 1
    return `${value.slice(0, longest)}…`
  })
  return { clipped, text }
}

/** One line for each entry of a list, so that a diff is readable. */
const inLines = (recording: object) => {
  const fields = Object.entries(recording).map(([name, value]: [string, unknown]) => {
    const lines = Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : []
    const shown = lines.length > 0 ? `[\n${lines.join(",\n")}\n]` : JSON.stringify(value)
    return `${JSON.stringify(name)}: ${shown}`
  })
  return `{\n${fields.join(",\n")}\n}\n`
}

/** `root` is the temporary directory with the home and the project. `clipped` counts the texts that end with `…`. */
export const tidy = (recording: object, root: string): { readonly clipped: number; readonly text: string } => {
  const { clipped, text: long } = clip(recording)
  const text = long
    .replaceAll(root, "/recorded")
    .replaceAll(/127\.0\.0\.1:\d+/gu, "127.0.0.1:1")
    .replaceAll(/"slug":"[^"]*"/gu, '"slug":"recorded"')
    .replaceAll(/"date":"[^"]*"/gu, '"date":"recorded"')
    .replaceAll(/\b(?:[0-9a-f]{40}|[0-9a-f]{64})\b/gu, "0".repeat(40))
  return { clipped, text: inLines(JSON.parse(ranked(numbered(text)))) }
}
