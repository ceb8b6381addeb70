/**
 * One ssh connection to a host: the script that reports its servers, and forwardings to them. It lives as long as its
 * scope. A forwarding ends in a Unix socket that only this user can reach.
 */
import { Deferred, Effect, Ref } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { isIPv6 } from "../address.ts"
import { line } from "../../text/plainText.ts"
import { ConnectionLost, openShell } from "../../machine/ssh/RemoteShell.ts"
import { NotForwarded, sshRequest, sshShell, SshProgram } from "../../machine/ssh/SshCommand.ts"
import { type Endpoint, type HostReport, parseReport } from "./HostReport.ts"
import { hostScript } from "./hostScript.ts"

export interface HostConnection {
  /** The servers that run there now. */
  readonly scan: Effect.Effect<HostReport, ConnectionLost>
  /** The Unix socket that leads to the endpoint, which is opened if it is new. */
  readonly forward: (endpoint: Endpoint) => Effect.Effect<string, NotForwarded>
  /** Closes all forwardings except those to these endpoints. */
  readonly retain: (endpoints: ReadonlyArray<Endpoint>) => Effect.Effect<void>
  /** Whether sshd has refused to connect to a server. */
  readonly refusesForwarding: Effect.Effect<boolean>
  /** Fails when the connection has ended. */
  readonly ended: Effect.Effect<never, ConnectionLost>
}

const shown = ({ address, port }: Endpoint) => `${isIPv6(address) ? `[${address}]` : address}:${port}`

/** `controlPath` is a path in a directory of this user's own, at which nothing exists. */
export const openHost = Effect.fnUntraced(function* (host: string, controlPath: string) {
  const ssh = yield* SshProgram
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const refused = yield* Deferred.make<void>()
  const shell = yield* openShell({
    host,
    command: sshShell(ssh, { host, controlPath, controlMaster: "yes" }),
    script: hostScript,
    onStderr: (text) =>
      /^channel \d+: open failed: administratively prohibited/u.test(text)
        ? Effect.as(Deferred.succeed(refused, undefined), true)
        : Effect.succeed(/^channel \d+: open failed/u.test(text)),
  })

  const last = yield* Ref.make<HostReport | undefined>(undefined)
  const scan = Effect.gen(function* () {
    const answer = yield* shell.ask("scan")
    const report = answer === "same" ? yield* Ref.get(last) : parseReport(answer)
    if (report === undefined) return yield* new ConnectionLost({ reason: `${host} sent an invalid report` })
    yield* Ref.set(last, report)
    return report
  })

  const request = (...args: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const output = yield* sshRequest(controlPath, ...args)
      // ssh prints only errors.
      if (output !== "") return yield* new NotForwarded({ detail: line(output) })
    }).pipe(
      Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
      Effect.provideService(SshProgram, ssh),
    )

  const forwardings = new Map<string, string>()
  let count = 0
  const forward = Effect.fnUntraced(function* (endpoint: Endpoint) {
    const known = forwardings.get(shown(endpoint))
    if (known !== undefined) return known
    const socket = `${controlPath}.${count++}`
    yield* request("-O", "forward", "-L", `${socket}:${shown(endpoint)}`)
    forwardings.set(shown(endpoint), socket)
    return socket
  })
  const retain = (endpoints: ReadonlyArray<Endpoint>) => {
    const kept = new Set(endpoints.map(shown))
    const closed = [...forwardings].filter(([endpoint]) => !kept.has(endpoint))
    return Effect.forEach(
      closed,
      ([endpoint, socket]) =>
        Effect.sync(() => forwardings.delete(endpoint)).pipe(
          Effect.andThen(request("-O", "cancel", "-L", `${socket}:${endpoint}`)),
          // The server is gone, so nothing answers there.
          Effect.ignore,
        ),
      { discard: true },
    )
  }

  const connection: HostConnection = {
    scan,
    forward,
    retain,
    refusesForwarding: Deferred.isDone(refused),
    ended: shell.ended,
  }
  return connection
})
