/** The hosts that the user has named. */
import { Effect, Path } from "effect"
import { homeDirectory } from "../../machine/homeDirectory.ts"
import { SshProgram } from "../../machine/ssh/SshCommand.ts"
import { hostsOf, isPattern } from "./hostList.ts"
import { type ConfiguredHosts, configuredHosts } from "./sshConfig.ts"

/** The hosts, and why some may be missing. Reads the ssh configuration only if an item is a pattern. */
export const namedHosts = Effect.fnUntraced(function* (items: ReadonlyArray<string>) {
  const named = ({ hosts, problems }: ConfiguredHosts): ConfiguredHosts => ({ hosts: hostsOf(items, hosts), problems })
  const none = { hosts: [], problems: [] }
  if (!items.some(isPattern)) return named(none)
  const path = yield* Path.Path
  const { configFile } = yield* SshProgram
  const home = homeDirectory()
  if (home === undefined) return named(none)
  return named(yield* configuredHosts(configFile ?? path.join(home, ".ssh", "config"), home))
})
