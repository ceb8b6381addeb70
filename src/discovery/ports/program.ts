/** Names the program of a process, and decides whether it is opencode. */
import { line } from "../../text/plainText.ts"

const baseName = (path: string): string => path.slice(path.search(/[^/\\]*$/u))

/** Interpreters, whose first argument is the program to name. */
const interpreters = /^(?:node(?:js)?|bunx?|deno)(?:\.exe)?$/u

const isNamedOpencode = (path: string) => baseName(path).startsWith("opencode")

/**
 * What an opencode 2 process serves: `service` all terminal UIs of its user, `private` only the program that started it.
 */
export type ServerMode = "service" | "private"

/** Empty for any other process. */
const modeOf = (args: ReadonlyArray<string>): { readonly mode?: ServerMode } => {
  if (!args.includes("serve")) return {}
  if (args.includes("--service")) return { mode: "service" }
  return args.includes("--stdio") ? { mode: "private" } : {}
}

/** `file` is the executable, if known; `args` the command line with the program first. */
export const programOf = (file: string | undefined, args: ReadonlyArray<string>) => {
  const [name = "", ...rest] = args
  // Linux appends this to the path of an executable that an update has replaced.
  const program = baseName(file?.replace(/ \(deleted\)$/u, "") ?? name)
  const script = interpreters.test(program) ? rest[rest[0] === "run" ? 1 : 0] : undefined
  const isOpencode = isNamedOpencode(program) || (script !== undefined && isNamedOpencode(script))
  return { program: line(program, 50), isOpencode, ...(isOpencode ? modeOf(rest) : {}) }
}
