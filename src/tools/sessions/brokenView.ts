/** The directories in which opencode cannot work, in the answers of list_sessions and get_status. */
import { Schema } from "effect"
import type { BrokenDirectory } from "../../opencode/sessions/BrokenDirectories.ts"
import { line } from "../../text/plainText.ts"
import { field } from "../shared/fields.ts"
import { code } from "../shared/markdown.ts"

const Broken = Schema.Array(
  Schema.Struct({
    directory: field(Schema.String, "The directory"),
    reason: field(Schema.String, "opencode's reason"),
  }),
)
type Broken = typeof Broken.Type

export const BrokenDirectories = Schema.optionalKey(
  field(Broken, "Directories in which opencode cannot work: what their sessions are doing is unknown"),
)

export const brokenView = (broken: ReadonlyArray<BrokenDirectory>) =>
  broken.length === 0
    ? {}
    : {
        broken_directories: broken.map(({ directory, error }) => ({
          directory: line(directory, 200),
          reason: line(error.message, 500),
        })),
      }

export const brokenText = ({ broken_directories: broken = [] }: { readonly broken_directories?: Broken }): string =>
  broken
    .map(
      ({ directory, reason }) =>
        `opencode cannot work in ${code(directory)}, so what its sessions do is unknown: ${reason}`,
    )
    .join("\n")
