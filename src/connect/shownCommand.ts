/** A command line as others may see it: what it puts into the environment (`SSHPASS=… sshpass ssh relay`) may be secret. */
import { line } from "../PlainText.ts"

const assigned = /\b(\w+)=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/gu
const assignments = /^\s*(?:env\s+)?(?:\w+=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+\s+)+/u

export const shownCommand = (command: string): string =>
  line(command.replace(assignments, (before) => before.replaceAll(assigned, "$1=…")))
