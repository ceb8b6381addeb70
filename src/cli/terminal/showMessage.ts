/** One message in full, with the arguments and the output of its tool calls. */
import { Console, Effect, Option, Schema } from "effect"
import { MessageId } from "../../opencode/Identifiers.ts"
import { line } from "../../text/plainText.ts"
import type { PartView } from "../../tools/sessions/conversationSchemas.ts"
import { wholeParts } from "../../tools/sessions/conversationView.ts"
import type { Origin } from "../../tools/requests/askPerson.ts"
import { InvalidParameter } from "../../tools/shared/InvalidParameter.ts"
import { iso } from "../../tools/shared/time.ts"
import { style } from "./style.ts"

const asMessageId = Schema.decodeOption(MessageId)

const partText = ({ input, kind, state, text = "", tool }: PartView, faint: (text: string) => string): string => {
  switch (kind) {
    case "text":
      return text
    case "tool":
      return [faint(`${tool} ${state}: ${input}`), text].filter((each) => each !== "").join("\n")
    default:
      return faint(`${kind}: ${text}`)
  }
}

/** Its parts on stdout, and facts about it on stderr. */
export const showMessage = Effect.fnUntraced(function* ({ opencode, session }: Origin, value: string) {
  const unknown = new InvalidParameter({ parameter: "message_id", value, detail: "the session has no such message" })
  const id = yield* Option.match(asMessageId(value.trim()), { onNone: () => unknown, onSome: Effect.succeed })
  const message = yield* Effect.catchTag(opencode.message(session.id, id), "SessionNotFound", () => unknown)
  const { faint } = yield* style
  const { info } = message
  const who = info.role === "user" ? "user" : [info.agent, info.model].filter((text) => text !== undefined).join(" · ")
  yield* Console.error(`── ${line(who)} · ${iso(info.time.created)} · ${info.id}`)
  yield* Console.log(
    wholeParts(message)
      .map((part) => partText(part, faint))
      .join("\n\n"),
  )
  if (info.role === "assistant" && info.error !== undefined) yield* Console.error(`✗ ${line(info.error.message, 1000)}`)
})
