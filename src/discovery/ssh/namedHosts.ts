/** The hosts that the user has named. */
import { Effect, Path } from "effect"
import { homeDirectory } from "../../machine/homeDirectory.ts"
import { SshProgram } from "../../machine/ssh/SshCommand.ts"
import { hostsOf, isPattern } from "./hostList.ts"
import { configuredHosts } from "./sshConfig.ts"

/** Reads the ssh configuration only if an item is a pattern. */
export const namedHosts = Effect.fnUntraced(function* (items: ReadonlyArray<string>) {
  if (!items.some(isPattern)) return hostsOf(items, [])
  const path = yield* Path.Path
  const { configFile } = yield* SshProgram
  const home = homeDirectory()
  if (home === undefined) return hostsOf(items, [])
  return hostsOf(items, yield* configuredHosts(configFile ?? path.join(home, ".ssh", "config"), home))
})
