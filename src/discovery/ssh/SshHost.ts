/**
 * One host of `SSH_HOSTS`: a connection that is opened again whenever it is lost, and a port of this machine for each server
 * there. A port stays the same while the connection is lost, and while a service there restarts.
 */
import { Clock, Deferred, Effect, Fiber, Option, Ref, type Scope, Semaphore, Stream, SubscriptionRef } from "effect"
import { backoffResetAfter, keepConnected } from "../../machine/ssh/keepConnected.ts"
import type { ConnectionLost } from "../../machine/ssh/RemoteShell.ts"
import { type HostConnection, openHost } from "./HostConnection.ts"
import { makeHostPorts, type Reached } from "./hostPorts.ts"
import type { HostReport, HostServer, HostService } from "./HostReport.ts"
import { SshConnections } from "./sshConnections.ts"

export type Link =
  | { readonly _tag: "connecting"; readonly since: number }
  | { readonly _tag: "connected"; readonly since: number }
  /** Between two attempts. `reason` is why the last one failed, or the connection was lost. */
  | { readonly _tag: "waiting"; readonly since: number; readonly reason: string }

export interface HostState {
  readonly link: Link
  /** What the last scan found; kept while the connection is lost. Undefined before the first scan. */
  readonly report: HostReport | undefined
  readonly servers: ReadonlyArray<Reached<HostServer>>
  /** Also those that have just ended, because a service that restarts is the same instance. */
  readonly services: ReadonlyArray<Reached<HostService>>
  /** Why some servers cannot be reached. */
  readonly notForwarded: string | undefined
}

export interface SshHost {
  readonly state: Effect.Effect<HostState>
  /** Asks the host now, or waits until the first attempt to connect has ended. Interrupting it does not interrupt the host. */
  readonly look: Effect.Effect<void>
}

export interface SshHostOptions {
  readonly host: string
  /** A new path for the sockets of each connection, in a directory of this user's own. */
  readonly newControlPath: Effect.Effect<string>
  /** How many hosts may log in at the same time. */
  readonly logins: Semaphore.Semaphore
  /** Runs when the state has changed. */
  readonly onChange: Effect.Effect<void>
}

/** How often the host is asked which servers run there. It also detects a half-open connection. */
const scanEvery = "5 seconds"

interface Open extends HostConnection {
  /** Fails when a scan has failed. */
  readonly broken: Deferred.Deferred<never, ConnectionLost>
  readonly scope: Scope.Scope
}

const isSameSet = (one: HostState, other: HostState) =>
  one.link._tag === other.link._tag &&
  one.report === other.report &&
  one.notForwarded === other.notForwarded &&
  one.services.length === other.services.length

/** Connects in the background until the scope closes. Never fails: a host that cannot be reached is tried again. */
export const keepHost = Effect.fnUntraced(function* ({ host, logins, newControlPath, onChange }: SshHostOptions) {
  const connecting = Effect.map(Clock.currentTimeMillis, (since): Link => ({ _tag: "connecting", since }))
  const initial: HostState = {
    link: yield* connecting,
    report: undefined,
    servers: [],
    services: [],
    notForwarded: undefined,
  }
  const state = yield* SubscriptionRef.make(initial)
  const current = yield* Ref.make(Option.none<Open>())
  const connections = yield* SshConnections
  const ports = yield* makeHostPorts
  const oneAtATime = yield* Semaphore.make(1)

  const change = (next: (before: HostState) => HostState) =>
    Effect.gen(function* () {
      const before = yield* SubscriptionRef.get(state)
      const after = yield* SubscriptionRef.updateAndGet(state, next)
      if (!isSameSet(before, after)) yield* onChange
    })

  const update = Effect.fnUntraced(function* (open: Open) {
    const report = yield* open.scan
    yield* open.retain([...report.servers, ...report.services])
    const reached = <A extends HostServer | HostService>(servers: ReadonlyArray<A>) =>
      Effect.partition(servers, (server) =>
        Effect.map(ports.lead(server, open), (localPort): Reached<A> => ({ server, localPort })),
      )
    const [servers, unreachedServers] = yield* reached(report.servers)
    const [services, unreachedServices] = yield* reached(report.services)
    const [failure] = [...unreachedServers, ...unreachedServices]
    const refused = yield* open.refusesForwarding
    yield* ports.prune
    const now = yield* Clock.currentTimeMillis
    yield* change((before) => ({
      link: before.link._tag === "connected" ? before.link : { _tag: "connected", since: now },
      report,
      servers,
      services: [...services, ...ports.restarting(before.services, report.services)],
      notForwarded: refused ? "sshd there does not allow forwarding" : failure?.message,
    }))
  })

  const scanOnce = (open: Open) =>
    update(open).pipe(
      oneAtATime.withPermits(1),
      Effect.tapError((error) => Deferred.fail(open.broken, error)),
    )

  const connection = Effect.gen(function* () {
    const controlPath = yield* newControlPath
    const opened = yield* logins.withPermits(1)(openHost(host, controlPath))
    const open: Open = {
      ...opened,
      broken: yield* Deferred.make<never, ConnectionLost>(),
      scope: yield* Effect.scope,
    }
    const opens = Effect.sync(() => connections.set(host, controlPath))
    const closes = Effect.sync(() => connections.set(host, undefined))
    yield* Effect.acquireRelease(Effect.andThen(opens, Ref.set(current, Option.some(open))), () =>
      Effect.all([closes, Ref.set(current, Option.none()), ports.disconnect]),
    )
    const scans = scanOnce(open).pipe(Effect.andThen(Effect.sleep(scanEvery)), Effect.forever)
    return yield* Effect.raceAllFirst([scans, open.ended, Deferred.await(open.broken)])
  }).pipe(Effect.scoped)

  /** Records a failed connection. Returns whether it lasted long enough to reset the backoff. */
  const onLost = Effect.fnUntraced(function* ({ reason }: ConnectionLost) {
    const { link } = yield* SubscriptionRef.get(state)
    const now = yield* Clock.currentTimeMillis
    // A lasting failure is logged once, even if it lasts for weeks.
    if (link._tag !== "waiting" || link.reason !== reason) yield* Effect.logWarning(`ssh ${host}: ${reason}`)
    const since = link._tag === "waiting" ? link.since : now
    yield* change((before) => ({ ...before, link: { _tag: "waiting", since, reason } }))
    return link._tag === "connected" && now - link.since >= backoffResetAfter
  })

  yield* Effect.forkScoped(
    keepConnected({
      connection,
      onLost,
      onWakeUp: Effect.flatMap(connecting, (link) => change((before) => ({ ...before, link }))),
    }),
  )

  const firstAttempt = SubscriptionRef.changes(state).pipe(
    Stream.takeUntil(({ link }) => link._tag !== "connecting"),
    Stream.runDrain,
  )
  const sshHost: SshHost = {
    state: SubscriptionRef.get(state),
    look: Effect.flatMap(
      Ref.get(current),
      Option.match({
        // An answer that nothing waits for would be taken for the next one.
        onSome: (open) => Effect.flatMap(Effect.forkIn(Effect.ignore(scanOnce(open)), open.scope), Fiber.await),
        onNone: () => firstAttempt,
      }),
    ).pipe(Effect.asVoid),
  }
  return sshHost
})
