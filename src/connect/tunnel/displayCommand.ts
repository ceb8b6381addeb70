/**
 * A command line as others may see it: its program and its last word. What is between them, or in front of them, may be
 * secret (`SSHPASS=… sshpass -p … ssh relay`).
 */
import { line } from "../../text/plainText.ts"

const assignments = /^\s*(?:\w+=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|\\.|[^\s"'\\])*\s+)*/u

/** The name of a program or of a host, and neither quoted, an option nor an assignment. */
const plain = /^[\p{L}\p{N}_/.~@][\p{L}\p{N}_/.~@:%[\]-]*$/u

const shown = (word: string | undefined): string => (word !== undefined && plain.test(word) ? word : "…")

export const displayCommand = (command: string): string => {
  const [program, ...others] = line(command.replace(assignments, "")).split(" ")
  const between = others.length > 1 ? ["…"] : []
  const last = others.length === 0 ? [] : [shown(others.at(-1))]
  return [shown(program), ...between, ...last].join(" ").replace(/…(?: …)+/u, "…")
}
