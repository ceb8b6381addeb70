import { CommandLine } from "effect/process"

/**
 * A command of opencode-fleet to type or copy, such as `opencode-fleet read api ses_1`. Names come from outside: a shell gets each
 * word as it is.
 */
export const ownCommand = (...words: ReadonlyArray<string>): string => CommandLine.display(["opencode-fleet", ...words])
