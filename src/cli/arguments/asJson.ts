/** The flag `--json`: the answer of the MCP tool instead of text for a person. */
import { Flag } from "effect/cli"
import { bareFlag } from "./bareFlag.ts"

/** `shape`: what is printed, such as "JSON in the shape of the MCP tool get_diff". */
export const asJsonFlag = (shape: string) => bareFlag("json").pipe(Flag.withDescription(`Print ${shape}`))
