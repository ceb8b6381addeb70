/**
 * Part of `npm run build`: bundles the executable with the options of `rolldown.config.ts`. Unlike rolldown's own command
 * line, it prints nothing but warnings and errors.
 */
import { build } from "rolldown"
import config from "../rolldown.config.ts"

const [server, commandLine] = config

// One after the other, because the first one empties the directory.
await build(server)
await build(commandLine)
