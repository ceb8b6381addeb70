/** What the answer about several sessions leaves out if it is too long: their texts, then those that are still running. */
import { clipStart } from "../../text/clip.ts"
import { plural } from "../../text/plural.ts"
import type { Cut } from "../shared/answerSize.ts"
import type { ManySessionsView } from "./manySchemas.ts"

const lengths = ({ sessions }: ManySessionsView) => sessions.map(({ text = "" }) => text.length)

export const manyCuts: ReadonlyArray<Cut<ManySessionsView>> = [
  {
    size: (view) => Math.max(0, ...lengths(view)),
    most: 1000,
    least: 200,
    keep: (view, count) => ({
      ...view,
      sessions: view.sessions.map((session) =>
        session.text === undefined
          ? session
          : { ...session, text: clipStart(session.text, count, "get_session shows it") },
      ),
    }),
  },
  {
    size: ({ sessions }) => sessions.length,
    least: 1,
    keep: (view, count) => ({
      ...view,
      sessions: view.sessions.slice(0, count),
      next: `${plural(view.sessions.length - count, "more session")} not shown: name fewer at once. ${view.next ?? ""}`.trim(),
    }),
  },
]
