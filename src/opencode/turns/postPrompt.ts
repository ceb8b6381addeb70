/** Posts a prompt, or runs a slash command, once. */
import { Effect, Schedule } from "effect"
import type { ClientError } from "../errors.ts"
import type { PromptChoice, SlashCommand } from "../Opencode.ts"
import type { Session } from "../sessions/Session.ts"
import { isTransient, mayHaveArrived } from "../transient.ts"
import * as Turn from "../turn/Turn.ts"
import { reasonOf } from "../uncertain.ts"
import { maxAbsence } from "./followStep.ts"
import { confirmArrival, promptUncertain } from "./promptArrival.ts"
import type { PromptOptions } from "./PromptOptions.ts"
import { MessageIdUnusable, type SendError } from "./sendErrors.ts"
import type { SessionAddress } from "./SessionAddress.ts"

const untilBack = Schedule.upTo(Schedule.spaced("1 second"), { duration: maxAbsence })

/** A prompt or a command that opencode has accepted. */
export interface Posted {
  readonly turn: Turn.Turn
  readonly subagent?: Session
}

/** Runs the command once. It becomes a message with an id of opencode's, and perhaps in a subagent's session. */
export const postCommand = Effect.fnUntraced(function* (
  address: SessionAddress,
  turn: Turn.Turn,
  { ifBusy }: PromptOptions,
  choice: PromptChoice,
  command: Pick<SlashCommand, "name" | "arguments">,
): Effect.fn.Return<Posted, ClientError> {
  const { opencode, session } = address
  const running = opencode.runCommand(session.id, {
    ...command,
    ...choice,
    messageID: turn.prompt,
    delivery: ifBusy === "steer" ? "steer" : "queue",
  })
  const { prompt, subagent } = yield* opencode.capabilities.commandsTakeIds
    ? running.pipe(
        Effect.catchIf(mayHaveArrived, (error) =>
          Effect.as(confirmArrival(address, turn, reasonOf(error)), { prompt: turn.prompt, subagent: undefined }),
        ),
      )
    : running
  return {
    turn: { ...Turn.begin(subagent?.id ?? session.id, prompt), accepted: true },
    ...(subagent === undefined ? {} : { subagent }),
  }
})

/** Posts the prompt once, as far as opencode is concerned. */
export const postPrompt = Effect.fnUntraced(function* (
  address: SessionAddress,
  turn: Turn.Turn,
  { ifBusy, messageID, text }: PromptOptions,
  choice: PromptChoice,
): Effect.fn.Return<Posted, ClientError | SendError> {
  const { opencode, session } = address
  const prompt = {
    text,
    messageID: turn.prompt,
    delivery: ifBusy === "steer" ? "steer" : "queue",
    ...choice,
  } as const
  if (!opencode.capabilities.idempotentPrompts) {
    return yield* opencode.prompt(session.id, prompt).pipe(
      Effect.as(turn),
      Effect.catchIf(mayHaveArrived, (error) => confirmArrival(address, turn, reasonOf(error))),
      Effect.map((sent) => ({ turn: sent })),
    )
  }
  const again = opencode
    .prompt(session.id, { ...prompt, mayBeStored: true })
    .pipe(Effect.retry({ while: isTransient, schedule: untilBack }))
  yield* messageID === undefined
    ? opencode
        .prompt(session.id, prompt)
        .pipe(
          Effect.catchIf(mayHaveArrived, (error) =>
            Effect.mapError(again, (then) => promptUncertain(address, `${reasonOf(error)}, then ${reasonOf(then)}`)),
          ),
        )
    : again.pipe(
        Effect.catchIf(
          (error) => error._tag === "OpencodeError" && error.status === 409,
          () => new MessageIdUnusable({ id: messageID, detail: "it belongs to a message of another session" }),
        ),
      )
  return { turn: { ...turn, accepted: true } }
})
