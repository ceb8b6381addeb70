/** The marks of `doctor`: ok, warning, problem; in colour if the terminal supports it. */
import { Effect } from "effect"
import { style } from "./style.ts"

const kinds = { ok: "good", warning: "warning", problem: "bad" } as const

export type Mark = keyof typeof kinds

export const widest = Math.max(...Object.keys(kinds).map(({ length }) => length))

/** Formats each mark with the same width. */
export const marks = Effect.map(style, (style) => (mark: Mark) => style[kinds[mark]](mark.padEnd(widest)))
