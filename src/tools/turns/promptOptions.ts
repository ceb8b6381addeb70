/** The options of a prompt, checked before anything is sent or created. */
import { Effect, Option, Schema } from "effect"
import { nearest } from "../../text/nearest.ts"
import { line } from "../../text/plainText.ts"
import { type ClientError } from "../../opencode/errors.ts"
import { MessageIdUnusable } from "../../opencode/turns/sendErrors.ts"
import { MessageId } from "../../opencode/Identifiers.ts"
import type { Opencode } from "../../opencode/Opencode.ts"
import { namesWith } from "../../opencode/namesWith.ts"
import type { Target } from "../../opencode/Target.ts"
import { notUnderstood } from "../../opencode/Unreadable.ts"
import { InvalidParameter } from "../shared/InvalidParameter.ts"

const maxNames = 20

interface KnownNames {
  readonly names: ReadonlyArray<string>
  /** What opencode has besides and this version does not understand. */
  readonly unknown: string | undefined
}

/** opencode accepts any name and then fails the turn without an answer. */
const checkName = (parameter: "agent" | "model", value: string, { names, unknown }: KnownNames) => {
  if (names.includes(value)) return Effect.void
  const close = names.filter((name) => name.includes(value))
  const likely = close.length > 0 ? close : [nearest(value, names)].filter((near) => near !== undefined)
  const shown = [...likely, ...names.filter((name) => close.length === 0 && !likely.includes(name))].slice(0, maxNames)
  const listed = [...shown.map((name) => line(name, 100)), ...(shown.length < names.length ? ["…"] : [])].join(", ")
  const offered = [listed, unknown ?? ""].filter((text) => text !== "").join(", and ")
  return Effect.fail(
    new InvalidParameter({
      parameter,
      value,
      detail: `this opencode has ${offered === "" ? "none" : offered}`,
    }),
  )
}

const asMessageId = Schema.decodeOption(MessageId)

const ownMessageId = (id: string) =>
  Option.match(asMessageId(id.trim()), {
    onSome: Effect.succeed,
    onNone: () => new MessageIdUnusable({ id, detail: 'it needs "msg_" and at most 120 letters, digits, "_" or "-"' }),
  })

interface AgentAndModel {
  readonly agent?: string
  readonly model?: string
}

/** Fails if opencode has no such agent or model in this directory. */
export const agentAndModel = Effect.fnUntraced(function* (
  opencode: Opencode,
  { version }: Pick<Target, "version">,
  directory: string,
  { agent, model }: AgentAndModel,
) {
  const known = (names: Effect.Effect<ReadonlyArray<string>, ClientError>, wanted: string) =>
    Effect.map(namesWith(names, wanted, opencode.capabilities), ({ names, unreadable }): KnownNames => ({
      names,
      unknown: notUnderstood(unreadable, version),
    }))
  if (agent !== undefined) {
    yield* checkName("agent", agent, yield* known(opencode.agents(directory), agent))
  }
  if (model !== undefined) {
    yield* checkName("model", model, yield* known(opencode.models(directory), model))
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
  target: Pick<Target, "version">,
  directory: string,
  { message_id, ...chosen }: PromptParameters,
) {
  const messageID = message_id === undefined ? undefined : yield* ownMessageId(message_id)
  return {
    ...(messageID === undefined ? {} : { messageID }),
    ...(yield* agentAndModel(opencode, target, directory, chosen)),
  }
})
