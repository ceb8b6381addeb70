/** The server's name, title, version and instructions. */
import type { ServeOptions } from "./mcp/toolServers.ts"
import { instructions } from "./tools/instructions.ts"
import { version } from "./version.ts"

export const serverInfo: ServeOptions = { name: "opencode-fleet", title: "opencode fleet", version, instructions }
