/** Whether this version of Node is supported. `main.ts` refuses to start on an older one. */
import { Effect } from "effect"
import { isNodeTooOld, oldestNode } from "../../../machine/oldestNode.ts"
import { type Check, ok, problem } from "../Check.ts"

export const judgeNode = (version: string) =>
  isNodeTooOld(version)
    ? problem(`Node ${version} is too old`, `Install Node ${oldestNode} or newer.`)
    : ok(`Node ${version}`)

export const nodeVersion: Check<never> = {
  name: "node",
  run: Effect.sync(() => [judgeNode(process.versions.node)]),
}
