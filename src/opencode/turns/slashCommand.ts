/** Messages that are slash commands. */
import { Effect } from "effect"
import { namesWith } from "../namesWith.ts"
import type { Opencode, SlashCommand } from "../Opencode.ts"

/** One space after the name separates it from the arguments; a line break belongs to them. */
const slashed = /^\/(\S+) ?([\s\S]*)$/u

/** The command that the text calls; undefined if opencode has no command of this name in the directory: then it is a prompt. */
export const slashCommand = Effect.fnUntraced(function* (
  { capabilities, commands }: Pick<Opencode, "capabilities" | "commands">,
  directory: string,
  text: string,
) {
  const [, name, args = ""] = slashed.exec(text) ?? []
  if (name === undefined) return undefined
  const described = Effect.map(commands(directory), (all) => all.map((command) => command.name))
  const { names } = yield* namesWith(described, name, capabilities)
  return names.includes(name) ? ({ name, arguments: args } satisfies Partial<SlashCommand>) : undefined
})
