/** What a process is, by its command line. */
import { line } from "../../text/plainText.ts"

const baseName = (path: string): string => path.slice(path.search(/[^/\\]*$/u))

/** Programs that run, by their first argument, the program that is meant. */
const interpreters = /^(?:node(?:js)?|bunx?|deno)(?:\.exe)?$/u

const isNamedOpencode = (path: string) => baseName(path).startsWith("opencode")

/** `file` is what it executes, if known; `args` what it was started with, its own name first. */
export const programOf = (file: string | undefined, args: ReadonlyArray<string>) => {
  const [name = "", ...rest] = args
  // Linux puts that behind the path of a file that an update has replaced.
  const program = baseName(file?.replace(/ \(deleted\)$/u, "") ?? name)
  const script = interpreters.test(program) ? rest[rest[0] === "run" ? 1 : 0] : undefined
  return {
    program: line(program, 50),
    isOpencode: isNamedOpencode(program) || (script !== undefined && isNamedOpencode(script)),
  }
}
