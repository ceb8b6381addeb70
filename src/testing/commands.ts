/** The slash commands of a fake opencode. */
import { Effect } from "effect"
import { MessageId, SessionId } from "../opencode/Identifiers.ts"
import { type FakeCommand, messageOf } from "./FakeCommand.ts"
import type { FakeState, StoredPrompt } from "./FakeState.ts"

/** Runs a command; undefined if there is none of this name. */
export const runCommand = (
  fake: FakeState,
  name: string,
  args: string,
  prompt: Omit<StoredPrompt, "text">,
): { readonly command: FakeCommand; readonly prompt: StoredPrompt } | undefined => {
  const command = fake.commands.find((each) => each.name === name)
  if (command === undefined) return undefined
  fake.ran.push({ name, arguments: args })
  return { command, prompt: { ...prompt, text: messageOf(command, args) } }
}

/** Completes when no turn is running in the session. */
export const untilIdle = (fake: FakeState, session: SessionId): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const check = () => {
      if (!fake.statuses.has(session)) resume(Effect.void)
    }
    fake.listeners.add(check)
    check()
    return Effect.sync(() => void fake.listeners.delete(check))
  })

/** opencode 2 chooses the id of the message itself. */
export const ownId = ({ ran }: FakeState) => MessageId.make(`msg_command${ran.length}`)

/** Starts a subagent with the prompt. opencode tells the agent of the session when it has ended. */
export const startSubagent = (fake: FakeState, { session: parentID, ...prompt }: StoredPrompt) => {
  const id = SessionId.make(`ses_sub${fake.sessions.length}`)
  const parent = fake.sessions.find((each) => each.id === parentID)
  const time = { created: fake.now(), updated: fake.now() }
  fake.sessions.push({ id, title: "Subagent", directory: parent?.directory ?? fake.directory, parentID, time })
  fake.onPrompt({ ...prompt, session: id })
}
