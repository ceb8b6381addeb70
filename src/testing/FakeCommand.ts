/** A slash command of a fake opencode, and the message that it becomes. */
export interface FakeCommand {
  readonly name: string
  readonly description?: string
  /** `$ARGUMENTS` stands for the arguments; without it, they are appended. */
  readonly template?: string
  /** Whether it works in a subagent of its own. */
  readonly subtask?: boolean
}

/** The message that a command becomes. */
export const messageOf = ({ template = "" }: FakeCommand, args: string) => {
  const trimmed = args.trim()
  if (template.includes("$ARGUMENTS")) return template.replaceAll("$ARGUMENTS", trimmed)
  return trimmed === "" ? template : `${template}\n\n${trimmed}`
}
