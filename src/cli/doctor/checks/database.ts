/** Which opencode servers share the user's database. opencode 1 and 2 use the same file, but not the same tables. */
import { Effect, type FileSystem, Path } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { type OpencodeVersion, parseVersion } from "../../../connect/opencodeVersion.ts"
import { type FileUser, usersOf } from "../../../machine/filesInUse.ts"
import { opencodeData } from "../../../settings/directories.ts"
import { line } from "../../../text/plainText.ts"
import { type Check, type Observation, warning } from "../Check.ts"

interface Server extends FileUser {
  readonly version: OpencodeVersion
}

/** The version of a running program. Undefined if it is not opencode. */
const versionOf = Effect.fnUntraced(function* ({ pid, program }: FileUser) {
  if (!/(?:^|\/)opencode[^/]*$/u.test(program)) return undefined
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  // The path may hold another version by now, unlike the link.
  const command = ChildProcess.make(`/proc/${pid}/exe`, ["--version"], {
    stdin: "ignore",
    stderr: "ignore",
    forceKillAfter: "1 second",
  })
  return yield* spawner.string(command).pipe(
    Effect.map(parseVersion),
    Effect.timeout("10 seconds"),
    Effect.orElseSucceed(() => undefined),
  )
})

const show = ({ args, pid, version }: Server) =>
  line(`opencode ${version.text.replace(/^opencode /u, "")} (process ${pid}: ${["opencode", ...args].join(" ")})`)

const list = (servers: ReadonlyArray<Server>) => servers.map(show).join(", ")

/** What is worth knowing about the servers that have the database open. */
export const observeServers = (servers: ReadonlyArray<Server>, database: string): ReadonlyArray<Observation> => {
  const ones = servers.filter(({ version }) => version.api === 1)
  const twos = servers.filter(({ version }) => version.api === 2)
  return [
    ...(ones.length > 0 && twos.length > 0
      ? [
          warning(
            `opencode 1 and 2 share ${line(database)}: ${list(servers)}. They list sessions with the same ids, but with different contents`,
            "Continue each session in the version in which you used it last, or use only one version.",
          ),
        ]
      : []),
    ...(twos.length > 1
      ? [
          warning(
            `${twos.length} servers of opencode 2 share ${line(database)}: ${list(twos)}. Each shows the turns of the others only when they are over`,
            "Use one server, preferably the background service: a message sent to a server other than the one running the session starts a second turn in it.",
          ),
        ]
      : []),
  ]
}

export const database: Check<FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner> = {
  name: "database",
  run: Effect.gen(function* () {
    const path = yield* Path.Path
    // The settings check reports an invalid variable.
    const directory = yield* opencodeData.pipe(
      Effect.catchTag("SettingsError", () => Effect.undefined),
      Effect.orDie,
    )
    if (directory === undefined) return []
    const file = path.join(directory, "opencode.db")
    const servers = yield* Effect.forEach(
      yield* usersOf(file),
      (user) =>
        Effect.map(versionOf(user), (version): ReadonlyArray<Server> =>
          version === undefined ? [] : [{ ...user, version }],
        ),
      { concurrency: 2 },
    )
    return observeServers(servers.flat(), file)
  }),
}
