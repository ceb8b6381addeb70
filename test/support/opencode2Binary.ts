/** The real opencode 2 for the tests, as `scripts/opencode2.ts` installs it. */
import { fileURLToPath } from "node:url"

export const opencode2Binary = fileURLToPath(
  new URL("../opencode2/node_modules/@opencode/cli-linux-x64-baseline/bin/opencode", import.meta.url),
)
