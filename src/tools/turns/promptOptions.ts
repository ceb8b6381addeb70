/** The options of a prompt, checked before anything is sent or created. */
import { Array, Effect, Option, Schema } from "effect"
import { nearest } from "../../text/nearest.ts"
import { line } from "../../text/plainText.ts"
import { MessageIdUnusable } from "../../opencode/errors.ts"
import { MessageId } from "../../opencode/Identifiers.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import { namesWith } from "../../opencode/namesWith.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"

const maxNames = 20

/** opencode accepts any name and then fails the turn without an answer. */
const checkName = (parameter: string, value: string, names: ReadonlyArray<string>) => {
  if (names.includes(value)) return Effect.void
  const close = names.filter((name) => name.includes(value))
  const likely = close.length > 0 ? close : Array.fromOption(nearest(value, names))
  const shown = [...likely, ...names.filter((name) => close.length === 0 && !likely.includes(name))].slice(0, maxNames)
  const list = shown.map((name) => line(name, 100)).join(", ")
  return Effect.fail(
    new InvalidParameter({
      parameter,
      value,
      detail: `this opencode has ${shown.length === 0 ? "none" : `${list}${shown.length < names.length ? ", …" : ""}`}`,
    }),
  )
}

const asMessageId = Schema.decodeOption(MessageId)

const ownMessageId = (id: string) =>
  Option.match(asMessageId(id.trim()), {
    onSome: Effect.succeed,
    onNone: () => new MessageIdUnusable({ id, detail: 'it needs "msg_" and at most 120 letters, digits, "_" or "-"' }),
  })

export interface AgentAndModel {
  readonly agent?: string
  readonly model?: string
}

/** Fails if opencode has no such agent or model in this directory. */
export const agentAndModel = Effect.fnUntraced(function* (
  opencode: Opencode,
  directory: string,
  { agent, model }: AgentAndModel,
) {
  const { capabilities } = opencode
  if (agent !== undefined) {
    yield* checkName("agent", agent, yield* namesWith(opencode.agents(directory), agent, capabilities))
  }
  if (model !== undefined) {
    yield* checkName("model", model, yield* namesWith(opencode.models(directory), model, capabilities))
  }
  const checked: AgentAndModel = {
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model }),
  }
  return checked
})

export interface PromptParameters extends AgentAndModel {
  readonly message_id?: string
}

/** The options of a prompt in this directory. Fails if opencode has no such agent or model, or cannot take the id. */
export const promptOptions = Effect.fnUntraced(function* (
  opencode: Opencode,
  directory: string,
  { message_id, ...chosen }: PromptParameters,
) {
  const messageID = message_id === undefined ? undefined : yield* ownMessageId(message_id)
  return {
    ...(messageID === undefined ? {} : { messageID }),
    ...(yield* agentAndModel(opencode, directory, chosen)),
  }
})
