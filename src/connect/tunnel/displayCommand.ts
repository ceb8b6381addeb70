/**
 * A command line for display, without secrets: its program and its last word. Everything else may contain a password
 * (`SSHPASS=… sshpass -p … ssh relay`).
 */
import { line } from "../../text/plainText.ts"

const assignments = /^\s*(?:\w+=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|\\.|[^\s"'\\])*\s+)*/u

/** The name of a program or a host; not quoted, no option, no assignment. */
const safeWord = /^[\p{L}\p{N}_/.~@][\p{L}\p{N}_/.~@:%[\]-]*$/u

const displayWord = (word: string | undefined): string => (word !== undefined && safeWord.test(word) ? word : "…")

export const displayCommand = (command: string): string => {
  const [program, ...others] = line(command.replace(assignments, "")).split(" ")
  const between = others.length > 1 ? ["…"] : []
  const last = others.length === 0 ? [] : [displayWord(others.at(-1))]
  return [displayWord(program), ...between, ...last].join(" ").replace(/…(?: …)+/u, "…")
}
