/** Rules for what an agent may do, and the names of tools that differ between the versions of opencode. */
export interface PermissionRule {
  /** What the agent wants to do: `bash` (`shell` on opencode 2), `edit`, `read`, `webfetch`, …, or `*`. */
  readonly permission: string
  /** What it wants to do it to: a command, a path, …; `*` stands for any text. */
  readonly pattern: string
  readonly action: "allow" | "ask" | "deny"
}

const namesOnVersion2: Readonly<Record<string, string>> = { bash: "shell", task: "subagent" }

const namesOnVersion1: Readonly<Record<string, string>> = { shell: "bash", subagent: "task" }

/** The rule with the names of that version: a rule for a tool that opencode does not have would have no effect. */
export const namedFor = (api: 1 | 2, rule: PermissionRule): PermissionRule => {
  const names = api === 1 ? namesOnVersion1 : namesOnVersion2
  return { ...rule, permission: names[rule.permission] ?? rule.permission }
}
