/** Whether this Node is one that the program is made for. `main.ts` refuses older ones before anything else. */
import { Effect } from "effect"
import { type Check, ok, problem } from "../Check.ts"

const oldest = [22, 19] as const

export const judgeNode = (version: string) => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? ok(`Node ${version}`)
    : problem(`Node ${version} is too old`, `Install Node ${oldest.join(".")} or newer.`)
}

export const nodeVersion: Check<never> = {
  name: "node",
  run: Effect.sync(() => [judgeNode(process.versions.node)]),
}
