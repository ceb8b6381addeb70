/** Splits a byte stream into lines, within bounds of memory. */
import { makeIdScanner } from "./topLevelId.ts"

const lineFeed = 0x0a

export type Line =
  | { readonly _tag: "Line"; readonly bytes: Buffer }
  /** Longer than the bound. `id` is the id of its message as JSON text, if it has one. */
  | { readonly _tag: "TooLong"; readonly length: number; readonly id: string | undefined }

/**
 * Bytes go in with `append`, lines come out with `next`. A line over `maxLineBytes` is skipped to its end without being
 * stored.
 */
export const makeLines = ({ maxLineBytes }: { readonly maxLineBytes: number }) => {
  /** Received and not yet searched for line feeds. */
  const chunks: Array<Buffer> = []
  let unread = 0
  let isWithinLine = false
  /** The start of a line whose end has not been received. */
  let start: Array<Buffer> = []
  let startLength = 0
  let skipping: ReturnType<typeof makeIdScanner> | undefined

  const extend = (bytes: Buffer): void => {
    startLength += bytes.length
    if (skipping !== undefined) return skipping.scan(bytes)
    start.push(bytes)
    if (startLength <= maxLineBytes) return
    skipping = makeIdScanner()
    for (const each of start) skipping.scan(each)
    start = []
  }

  const end = (): Line => {
    const line: Line =
      skipping === undefined
        ? { _tag: "Line", bytes: Buffer.concat(start, startLength) }
        : { _tag: "TooLong", length: startLength, id: skipping.id() }
    start = []
    startLength = 0
    skipping = undefined
    return line
  }

  const append = (chunk: Buffer): void => {
    chunks.push(chunk)
    unread += chunk.length
    isWithinLine = chunk.at(-1) !== lineFeed
  }

  return {
    append,
    /** The next complete line without its line feed, or undefined until more bytes are appended. */
    next: (): Line | undefined => {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        const index = chunk.indexOf(lineFeed)
        unread -= index === -1 ? chunk.length : index + 1
        extend(index === -1 ? chunk : chunk.subarray(0, index))
        if (index === -1) continue
        if (index + 1 < chunk.length) chunks.unshift(chunk.subarray(index + 1))
        return end()
      }
      return undefined
    },
    /** No more bytes come. The last line needs no line feed. */
    end: (): void => {
      if (isWithinLine) append(Buffer.from([lineFeed]))
    },
    /** Number of bytes that `next` has not looked at. */
    unread: (): number => unread,
  }
}
