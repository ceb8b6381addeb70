/** Lines that are redrawn in place. */
import { Effect, Terminal } from "effect"
import { CliOutput } from "effect/cli"
import { fitLines } from "./fitLines.ts"
import { width, write } from "./terminal.ts"

const escape = "\u001B["
const hideCursor = `${escape}?25l`
const showCursor = `${escape}?25h`
const eraseBelow = `\r${escape}J`

/** Hides the cursor until the scope closes, and returns a function that draws. No line may be wider than the terminal. */
export const liveView = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  let before: ReadonlyArray<string> = []
  yield* Effect.acquireRelease(write(hideCursor), () => write(showCursor))
  return Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
    const columns = yield* width
    // A terminal that has become narrower has wrapped the old lines.
    const height = before.reduce(
      (rows, text) => rows + Math.max(1, Math.ceil(CliOutput.displayWidth(text) / columns)),
      0,
    )
    const rows = yield* terminal.rows
    // Those that fit above the cursor's line.
    before = rows < 3 ? lines : fitLines(lines, rows - 1)
    const up = height === 0 ? "" : `${escape}${height}A`
    yield* write(`${up}${eraseBelow}${before.map((text) => `${text}\n`).join("")}`)
  })
})
