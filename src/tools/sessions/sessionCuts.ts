/** What list_sessions and get_status leave out if an instance has too many sessions for one answer. */
import type { Cut } from "../shared/answerSize.ts"
import { pageOf, shorterPage } from "../shared/page.ts"
import type { SessionsView, StatusView } from "./sessionSchemas.ts"

export const sessionCuts: ReadonlyArray<Cut<SessionsView>> = [
  {
    size: ({ sessions }) => sessions.length,
    least: 1,
    keep: (view, count) => ({
      ...view,
      sessions: view.sessions.slice(0, count),
      ...shorterPage("list_sessions", "session", view, view.sessions.length, count),
    }),
  },
]

export const statusCuts: ReadonlyArray<Cut<StatusView>> = [
  {
    size: ({ active }) => active.length,
    least: 1,
    keep: (view, count) => ({
      ...view,
      active: view.active.slice(0, count),
      ...pageOf("get_status", "session", { offset: view.offset ?? 0, shown: count, total: view.active_count }),
    }),
  },
]
