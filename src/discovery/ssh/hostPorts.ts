/** The ports of this machine that lead to the servers of one host. */
import { Clock, Effect, Exit, Scope } from "effect"
import type { HostConnection } from "./HostConnection.ts"
import type { HostServer, HostService } from "./HostReport.ts"
import { type LocalPort, openLocalPort } from "./LocalPort.ts"

/** A server there, and the port of this machine that leads to it. */
export interface Reached<A> {
  readonly server: A
  readonly localPort: number
}

/** Milliseconds. A service that is gone for longer does not restart: its terminal would have started it within 10 s. */
const restartGrace = 60_000

/** Milliseconds that a port of this machine is kept for a server that is gone. */
const portGrace = 300_000

interface Kept extends LocalPort {
  readonly scope: Scope.Closeable
  /** Epoch milliseconds. */
  seenAt: number
}

/** A service is the same one after a restart, which may change its port. */
const keyOf = (server: HostServer | HostService): string =>
  "file" in server ? `service ${server.file}` : `server ${server.address} ${server.port}`

export const makeHostPorts = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const all = new Map<string, Kept>()
  let now = yield* Clock.currentTimeMillis

  const portFor = Effect.fnUntraced(function* (key: string) {
    const known = all.get(key)
    if (known !== undefined) return known
    const own = yield* Scope.fork(scope)
    const opened = yield* openLocalPort.pipe(
      Scope.provide(own),
      Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))),
    )
    const kept: Kept = { ...opened, scope: own, seenAt: now }
    all.set(key, kept)
    return kept
  })

  return {
    /** Makes the server's port lead to it over the connection, and returns the port. */
    lead: Effect.fnUntraced(function* (server: HostServer | HostService, connection: HostConnection) {
      const kept = yield* portFor(keyOf(server))
      kept.leadTo(yield* connection.forward(server))
      now = kept.seenAt = yield* Clock.currentTimeMillis
      return kept.port
    }),
    /** Those of the services that have just ended. */
    restarting: (before: ReadonlyArray<Reached<HostService>>, running: ReadonlyArray<HostService>) =>
      before.filter(
        ({ server }) =>
          !running.some(({ file }) => file === server.file) &&
          now - (all.get(keyOf(server))?.seenAt ?? 0) < restartGrace,
      ),
    /** Closes the ports of servers that have been gone for long. */
    prune: Effect.gen(function* () {
      now = yield* Clock.currentTimeMillis
      for (const [key, kept] of all) {
        if (now - kept.seenAt < portGrace) continue
        all.delete(key)
        yield* Scope.close(kept.scope, Exit.void)
      }
    }),
    /** All ports lead nowhere. */
    disconnect: Effect.sync(() => {
      for (const { leadTo } of all.values()) leadTo(undefined)
    }),
  }
})
