/** Starts opencode on a host of `SSH_HOSTS`: the service of opencode 2, or a server of opencode 1 in a directory. */
import { Context, Effect, FileSystem, Layer, Path, Redacted } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { line, plainLine } from "../../text/plainText.ts"
import { openShell } from "../../machine/ssh/RemoteShell.ts"
import { sshShell, SshProgram } from "../../machine/ssh/SshCommand.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { bareHost } from "./hostList.ts"
import { HostDirectoryRequired, HostNotNamed, HostNotStarted, type StartError } from "./startErrors.ts"
import { hostScript } from "./hostScript.ts"
import { namedHosts } from "./namedHosts.ts"
import { SshConnections } from "./sshConnections.ts"

export interface HostStarted {
  /** The host as the user has named it. */
  readonly host: string
  /** Whether opencode was running already, so that nothing was started. */
  readonly wasRunning: boolean
  readonly version: string
  /** The directory that it serves; undefined for a service, which serves all directories. */
  readonly directory: string | undefined
}

export interface HostStarterOptions {
  /** The items of `SSH_HOSTS`. */
  readonly hosts: ReadonlyArray<string>
  /** The password of a new opencode 1. Default: none. */
  readonly credentials?: Credentials | undefined
}

/** opencode itself waits up to 120 s for its service. */
const startTimeout = "130 seconds"

/** The parts of an answer of the script: `started 2.0.15`, `running 1.18.33 /work/api`. */
const answer = /^(?<verdict>started|running) (?<version>\S+)(?: (?<directory>.+))?$/u

/** Exactly the name, or the only one without its user. */
const chosen = (named: ReadonlyArray<string>, host: string): string | undefined => {
  if (named.includes(host)) return host
  const [only, ...others] = named.filter((each) => bareHost(each).toLowerCase() === host.toLowerCase())
  return others.length === 0 ? only : undefined
}

export class HostStarter extends Context.Service<
  HostStarter,
  {
    /** `directory` is a path there; required by opencode 1, not used by opencode 2. Never starts a second service. */
    readonly start: (host: string, directory: string | undefined) => Effect.Effect<HostStarted, StartError>
  }
>()("opencode-fleet/discovery/ssh/HostStarter") {
  static readonly layer = ({ credentials, hosts }: HostStarterOptions) =>
    Layer.effect(
      HostStarter,
      Effect.gen(function* () {
        const services = yield* Effect.context<
          FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner
        >()
        const ssh = yield* SshProgram
        const connections = yield* SshConnections

        const ask = (host: string, directory: string) =>
          Effect.gen(function* () {
            const controlPath = connections.at(host) ?? "none"
            const shell = yield* openShell({
              host,
              command: sshShell(ssh, { host, controlPath, controlMaster: "no" }),
              script: hostScript,
            })
            const secret = credentials === undefined ? "" : Redacted.value(credentials.password)
            return yield* shell.askWithin(startTimeout, "start", directory, credentials?.username ?? "", secret)
          }).pipe(
            Effect.scoped,
            Effect.mapError(({ reason }) => new HostNotStarted({ host, detail: reason })),
          )

        const start = Effect.fn("HostStarter.start")(function* (wanted: string, directory: string | undefined) {
          const { hosts: named, problems } = yield* namedHosts(hosts)
          const host = chosen(named, wanted.trim())
          if (host === undefined) {
            const [problem] = problems
            return yield* problem === undefined
              ? new HostNotNamed({ host: wanted, named })
              : new HostNotStarted({ host: wanted, detail: `${problem.source} ${problem.reason}` })
          }
          // A line break would end the script's line.
          const told = yield* ask(host, plainLine(directory ?? ""))
          const { directory: served, verdict, version } = answer.exec(told)?.groups ?? {}
          if (verdict !== undefined && version !== undefined) {
            const started: HostStarted = {
              host,
              wasRunning: verdict === "running",
              version: line(version, 50),
              directory: served === undefined ? undefined : plainLine(served),
            }
            return started
          }
          if (told.startsWith("directory ")) {
            const version = /^directory opencode (\S+)/u.exec(told)?.[1] ?? "1"
            return yield* new HostDirectoryRequired({ host, version: line(version, 50) })
          }
          const detail =
            told === "missing"
              ? "there is no opencode command, neither on the PATH of its shell nor where installers put it"
              : line(told.replace(/^failed /u, ""), 1500).replace(/\.$/u, "")
          return yield* new HostNotStarted({ host, detail })
        })
        return HostStarter.of({
          start: (host, directory) => Effect.provideContext(start(host, directory), services),
        })
      }),
    )
}
