/**
 * Parses large JSON in slices, because `JSON.parse` blocks everything else until it has read all of it. A slice holds whole
 * members of one container, and `JSON.parse` reads it; a member that is larger is divided further.
 */
import { backslash, closeBrace, closeBracket, colon, comma, openBrace, openBracket, quote } from "./jsonBytes.ts"

export interface SliceOptions {
  /** Default: 64 KiB, which take about a millisecond. */
  readonly sliceBytes?: number
  /**
   * How much of a string is kept, rounded up to a slice. Default: 1 MiB. Nothing shows that much of one, and every step that a
   * longer one goes through would block. It is an attachment, or the output of a program.
   */
  readonly maxStringBytes?: number
}

const KiB = 1024

/** Bytes of the longest number. */
const maxNumberBytes = 1024

/** How deep containers that are larger than a slice may be nested. */
const maxDepth = 100

const letterU = 0x75

const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const isEnd = (byte: number | undefined) => byte === comma || byte === closeBracket || byte === closeBrace

const hasByteOrderMark = (bytes: Buffer) => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf

const leftOut = (bytes: number) => `… [${bytes.toLocaleString("en")} more bytes, which are not read]`

/** As in `JSON.parse`, `__proto__` is a field like any other. */
const setField = (object: Record<string, unknown>, name: string, value: unknown) => {
  if (name !== "__proto__") object[name] = value
  else Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
}

/**
 * The value. Each step of the generator reads a few slices at most. Long strings are shortened. Throws a `SyntaxError` where
 * `JSON.parse` does.
 */
export function* parseInSlices(
  bytes: Buffer,
  { maxStringBytes = 1024 * KiB, sliceBytes = 64 * KiB }: SliceOptions = {},
): Generator<undefined, unknown> {
  let at = hasByteOrderMark(bytes) ? 3 : 0

  const fail = (expected: string): never => {
    throw new SyntaxError(`${expected} is missing in the JSON at byte ${at}`)
  }

  const parse = (start: number, end: number, before = "", after = ""): unknown =>
    JSON.parse(before + bytes.toString("utf8", start, end) + after)

  function* skipSpace() {
    for (let start = at; isSpace(bytes[at]); at++) {
      if (at - start < sliceBytes) continue
      yield
      start = at
    }
  }

  /** The closing quote of the string that begins at `from`, or -1 if it is not before `limit`. */
  const stringEnd = (from: number, limit: number) => {
    for (let index = from + 1; index < limit; index++) {
      if (bytes[index] === quote) return index
      if (bytes[index] === backslash) index++
    }
    return -1
  }

  /** The comma or bracket after the member at `from`, or -1 if it is not before `limit`. */
  const memberEnd = (from: number, limit: number) => {
    let depth = 0
    for (let index = from; index < limit; index++) {
      switch (bytes[index]) {
        case quote:
          index = stringEnd(index, limit)
          if (index < 0) return -1
          break
        case openBracket:
        case openBrace:
          depth++
          break
        case closeBracket:
        case closeBrace:
          if (depth === 0) return index
          depth--
          break
        case comma:
          if (depth === 0) return index
      }
    }
    return -1
  }

  /** The end of the slice of a string that begins at `start`. It divides no escape sequence and no character. */
  const pieceEnd = (start: number) => {
    const limit = Math.min(start + sliceBytes, bytes.length)
    let end = start
    while (end < limit && bytes[end] !== quote) {
      if (bytes[end] !== backslash) end++
      else end += bytes[end + 1] === letterU ? 6 : 2
    }
    for (let more = 0; more < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; more++) end++
    return end
  }

  function* longString(): Generator<undefined, string> {
    const start = ++at
    const pieces: Array<unknown> = []
    let kept = start
    while (bytes[at] !== quote) {
      if (at >= bytes.length) fail("the end of a string")
      const end = pieceEnd(at)
      if (at - start < maxStringBytes) {
        pieces.push(parse(at, end, '"', '"'))
        kept = end
      }
      at = end
      yield
    }
    if (kept < at) pieces.push(leftOut(at - kept))
    at++
    return pieces.join("")
  }

  /**
   * Reads to the end of a container: its members in groups with `readGroup`, which returns their number, and those that are
   * larger than a slice with `readOne`.
   */
  function* longContainer(
    close: number,
    readGroup: (start: number, end: number) => number,
    readOne: () => Generator<undefined, void>,
  ): Generator<undefined, void> {
    let start = ++at
    let next = start
    let isFirst = true
    const group = (end: number, mayBeEmpty: boolean) => {
      if (readGroup(start, end) === 0 && !mayBeEmpty) fail("a value")
      isFirst = false
      start = next
    }
    for (;;) {
      const end = memberEnd(next, Math.min(start + sliceBytes, bytes.length))
      if (end >= 0 && bytes[end] === comma) {
        next = end + 1
      } else if (end >= 0) {
        at = end
        if (bytes[end] !== close) fail("another bracket")
        group(end, isFirst)
        break
      } else if (next > start) {
        group(next - 1, false)
        yield
      } else {
        at = start
        yield* skipSpace()
        if (isFirst && bytes[at] === close) break
        yield* readOne()
        yield* skipSpace()
        if (bytes[at] === close) break
        if (bytes[at] !== comma) fail("a comma or a bracket")
        isFirst = false
        start = next = ++at
      }
    }
    at++
  }

  function* longArray(depth: number): Generator<undefined, ReadonlyArray<unknown>> {
    const items: Array<unknown> = []
    const readGroup = (start: number, end: number) => {
      const group = parse(start, end, "[", "]")
      if (!Array.isArray(group)) return 0
      for (const item of group) items.push(item)
      return group.length
    }
    yield* longContainer(closeBracket, readGroup, function* () {
      items.push(yield* value(depth))
    })
    return items
  }

  function* longObject(depth: number): Generator<undefined, object> {
    const object = {}
    const readGroup = (start: number, end: number) => {
      const fields = Object.entries(parse(start, end, "{", "}") ?? {})
      for (const [name, field] of fields) setField(object, name, field)
      return fields.length
    }
    yield* longContainer(closeBrace, readGroup, function* () {
      if (bytes[at] !== quote) fail("a name")
      const name = yield* longString()
      yield* skipSpace()
      if (bytes[at++] !== colon) fail("a colon")
      setField(object, name, yield* value(depth))
    })
    return object
  }

  const numberOrName = () => {
    const start = at
    while (at < bytes.length && at - start < maxNumberBytes && !isSpace(bytes[at]) && !isEnd(bytes[at])) at++
    return parse(start, at)
  }

  function* value(depth: number): Generator<undefined, unknown> {
    yield* skipSpace()
    const end = memberEnd(at, Math.min(at + sliceBytes, bytes.length))
    if (end >= 0) {
      const whole = parse(at, end)
      at = end
      return whole
    }
    if (depth > maxDepth) fail("the end of a deeply nested value")
    switch (bytes[at]) {
      case quote:
        return yield* longString()
      case openBracket:
        return yield* longArray(depth + 1)
      case openBrace:
        return yield* longObject(depth + 1)
      default:
        return numberOrName()
    }
  }

  const whole = yield* value(0)
  yield* skipSpace()
  if (at < bytes.length) fail("the end")
  return whole
}
