/** Further sections of a command's help, such as the environment variables that it reads. */
import { Context } from "effect"
import type { Row } from "./Help.ts"

export interface MoreHelpSection {
  readonly title: string
  /** Each row: what it is about, and what to know of it. */
  readonly rows: ReadonlyArray<Row>
}

/** An annotation for `Command.annotate`. */
export const MoreHelp = Context.Reference<ReadonlyArray<MoreHelpSection>>("opencode-fleet/cli/MoreHelp", {
  defaultValue: () => [],
})
