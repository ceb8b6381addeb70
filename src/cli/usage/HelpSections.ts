/** Further sections of a command's help, such as the environment variables that it reads. */
import { Context } from "effect"

export interface HelpSection {
  readonly title: string
  /** Each row: what it is about, and what to know of it. */
  readonly rows: ReadonlyArray<readonly [string, string]>
}

/** An annotation for `Command.annotate`. */
export const HelpSections = Context.Reference<ReadonlyArray<HelpSection>>("opencode-fleet/cli/HelpSections", {
  defaultValue: () => [],
})
