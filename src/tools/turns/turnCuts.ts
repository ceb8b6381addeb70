/** What the answer of a turn leaves out if it is too long: early text and tool calls first, requests of a person last. */
import { clipStart } from "../../text/clip.ts"
import { clipMiddle } from "../requests/requestView.ts"
import type { RequestView } from "../requests/requestSchemas.ts"
import { readMessage } from "../sessions/conversationView.ts"
import type { Cut } from "../shared/answerSize.ts"
import type { TurnView } from "./turnSchemas.ts"

/** Which messages hold the text that was left out. */
const textRest = ({ text_message_ids: ids = [] }: TurnView): string => readMessage(ids.join(", then "))

/** How to read a request that is not shown in full. */
const requestRest = ({ message_id, session_id }: RequestView): string =>
  message_id === undefined
    ? "in opencode"
    : `with get_session (session_id ${session_id}, message_id ${message_id}) or in opencode`

const requests = ({ waiting_for = [] }: TurnView) => waiting_for

const eachRequest = (view: TurnView, map: (request: RequestView) => RequestView): TurnView => ({
  ...view,
  waiting_for: requests(view).map(map),
})

const longest = (view: TurnView, of: (request: RequestView) => number) => Math.max(0, ...requests(view).map(of))

export const turnCuts: ReadonlyArray<Cut<TurnView>> = [
  {
    size: (view) => requests(view).length,
    most: 3,
    least: 1,
    keep: (view, count) => ({
      ...view,
      waiting_for: requests(view).slice(0, count),
      waiting_for_count: requests(view).length,
    }),
  },
  {
    size: ({ text }) => text.length,
    most: 1_000_000,
    // A person decides by the request, so it gets the room.
    least: (view) => (view.waiting_for === undefined ? 4000 : 300),
    keep: (view, count) => ({ ...view, text: clipStart(view.text, count, textRest(view)) }),
  },
  {
    size: ({ tools }) => tools.length,
    most: 20,
    least: 5,
    keep: (view, count) => ({
      ...view,
      tools: view.tools.slice(view.tools.length - count),
      tool_count: view.tools.length,
    }),
  },
  {
    size: ({ files }) => files.length,
    most: 20,
    least: 3,
    keep: (view, count) => ({ ...view, files: view.files.slice(0, count), file_count: view.files.length }),
  },
  {
    size: (view) => longest(view, ({ always = [] }) => always.length),
    most: 50,
    least: 5,
    keep: (view, count) =>
      eachRequest(view, (request) =>
        request.always === undefined || request.always.length <= count
          ? request
          : { ...request, always: request.always.slice(0, count), always_count: request.always.length },
      ),
  },
  {
    size: (view) => longest(view, ({ text }) => text.length),
    least: 1000,
    keep: (view, count) =>
      eachRequest(view, (request) => ({ ...request, text: clipMiddle(request.text, count, requestRest(request)) })),
  },
]
