/** Names the program of a process, and decides whether it is opencode. */
import { line } from "../../text/plainText.ts"

const baseName = (path: string): string => path.slice(path.search(/[^/\\]*$/u))

/** Interpreters, whose first argument is the program to name. */
const interpreters = /^(?:node(?:js)?|bunx?|deno)(?:\.exe)?$/u

const isNamedOpencode = (path: string) => baseName(path).startsWith("opencode")

/** `file` is the executable, if known; `args` the command line with the program first. */
export const programOf = (file: string | undefined, args: ReadonlyArray<string>) => {
  const [name = "", ...rest] = args
  // Linux appends this to the path of an executable that an update has replaced.
  const program = baseName(file?.replace(/ \(deleted\)$/u, "") ?? name)
  const script = interpreters.test(program) ? rest[rest[0] === "run" ? 1 : 0] : undefined
  return {
    program: line(program, 50),
    isOpencode: isNamedOpencode(program) || (script !== undefined && isNamedOpencode(script)),
  }
}
