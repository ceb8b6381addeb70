/** A tool call in one line, as a person reads it: `$ npm test ✓ 3 s`, `edit src/login.ts +3 -1 ✓`. */
import type { ToolPart, ToolState } from "../../opencode/sessions/Message.ts"
import { line } from "../../text/plainText.ts"
import { shortLine } from "../../text/shortLine.ts"
import { isShell, timeTaken, toolSubject } from "../../tools/sessions/toolSubject.ts"
import { type Style, styleOf } from "./style.ts"
import { CliOutput } from "effect/cli"

type Call = Pick<ToolPart, "tool" | "state">

/** Cells. */
const maxName = 40
const minAct = 20
const maxAct = 120
const maxReason = 200

/** How the call ended; `…` until then. */
const ending = (state: ToolState, style: Style): string => {
  switch (state.status) {
    case "pending":
    case "running":
      return "…"
    case "error":
      return style.bad(`✗${timeTaken(state)}: ${line(state.error, maxReason)}`)
    case "completed": {
      const { background = false, report: { added, exit = 0, removed } = {} } = state
      if (background) return "(continues in the background)"
      if (exit !== 0) return style.bad(`✗${timeTaken(state)}: exit ${exit}`)
      const changed = added === undefined || removed === undefined ? "" : `+${added} -${removed} `
      return `${changed}${style.good(`✓${timeTaken(state)}`)}`
    }
  }
}

interface ToolLineOptions {
  readonly style: Style
  /** The session's directory, which is left out of the paths below it. */
  readonly directory?: string | undefined
  /** Cells for the line. It can be longer if the call failed, because the reason is not cut to it. */
  readonly room?: number
}

/** What the call does, in at most `room` cells. */
const act = ({ state, tool }: Call, room: number, directory: string | undefined): string => {
  const name = isShell(tool) ? "$" : shortLine(tool, maxName)
  const about = toolSubject(state.input, directory)
  return about === "" ? name : `${name} ${shortLine(about, Math.max(minAct, room - name.length - 1))}`
}

export const toolLine = (call: Call, { directory, room = Infinity, style }: ToolLineOptions): string => {
  const plainEnd = ending(call.state, styleOf(false))
  return `${act(call, Math.min(maxAct, room - CliOutput.displayWidth(plainEnd) - 1), directory)} ${ending(call.state, style)}`
}
