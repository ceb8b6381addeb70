/** Lines that are drawn again in place. */
import { Effect, Terminal } from "effect"
import { CliOutput } from "effect/cli"
import { width, write } from "./terminal.ts"

const escape = "\u001B["
const hideCursor = `${escape}?25l`
const showCursor = `${escape}?25h`
const eraseBelow = `\r${escape}J`

/** As many as fit with the line on which the cursor stands. */
const fitting = (lines: ReadonlyArray<string>, rows: number): ReadonlyArray<string> =>
  lines.length < rows || rows < 3
    ? lines
    : [...lines.slice(0, rows - 2), `… and ${lines.length - (rows - 2)} more lines`]

/** Hides the cursor as long as the scope is open, and gives what draws. No line may be wider than the terminal. */
export const liveView = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  let before: ReadonlyArray<string> = []
  yield* Effect.acquireRelease(write(hideCursor), () => write(showCursor))
  return Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
    const columns = yield* width
    // The terminal may have become narrower since, and has then wrapped what stands there.
    const height = before.reduce(
      (rows, text) => rows + Math.max(1, Math.ceil(CliOutput.displayWidth(text) / columns)),
      0,
    )
    before = fitting(lines, yield* terminal.rows)
    const up = height === 0 ? "" : `${escape}${height}A`
    yield* write(`${up}${eraseBelow}${before.map((text) => `${text}\n`).join("")}`)
  })
})
