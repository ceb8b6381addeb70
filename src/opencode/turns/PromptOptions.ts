/** The options of a prompt, and where they make it wait. */
import type { MessageId } from "../Identifiers.ts"
import type { Opencode } from "../Opencode.ts"
import type { IfBusy } from "./sessionQueue.ts"

export interface PromptOptions {
  readonly text: string
  /** Default: the session's own. */
  readonly agent?: string
  /** As `provider/model`. Default: the session's own. */
  readonly model?: string
  readonly ifBusy: IfBusy
  /**
   * Makes the call repeatable: a prompt with this id runs once, and a repeated call follows its turn. Default: a fresh id.
   * Two processes that send the same id to opencode 1 at the same moment can both succeed.
   */
  readonly messageID?: MessageId
}

/** Whether the prompt is put into the server's queue, from where its own turn starts. */
export const entersQueue = ({ capabilities }: Opencode, { ifBusy }: Pick<PromptOptions, "ifBusy">) =>
  capabilities.promptQueue === "server" && ifBusy !== "steer"

/**
 * Whether the server's own queue makes the prompt wait for its turn. A prompt for another agent or model waits here instead,
 * because selecting them would change the running turn.
 */
export const queuesAtServer = (opencode: Opencode, { agent, ifBusy, model }: PromptOptions) =>
  entersQueue(opencode, { ifBusy }) && agent === undefined && model === undefined
