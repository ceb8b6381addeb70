/**
 * Keeps an instance reachable on the relay: a tunnel that reconnects whenever it breaks, and a registration there with the
 * tunnel's current port. The stale end of an earlier tunnel does no harm, because each tunnel uses a port of its own.
 */
import { Clock, Effect, Fiber, Option, Ref, Schema, SubscriptionRef } from "effect"
import { type Registration, RegistrationJson } from "../../discovery/relay/Registration.ts"
import { line } from "../../text/plainText.ts"
import { backoffResetAfter, keepConnected } from "../../machine/ssh/keepConnected.ts"
import { ConnectionLost } from "../../machine/ssh/RemoteShell.ts"
import { openConnection, type OpenError, randomPort, type RelayConnection } from "./RelayConnection.ts"

/** `since` is in epoch milliseconds. */
export type TunnelState =
  | { readonly _tag: "connecting"; readonly since: number }
  | { readonly _tag: "connected"; readonly since: number; readonly port: number; readonly file: string }
  /** Between two attempts, since the connection was lost or first failed. `reason` is why the last attempt failed. */
  | { readonly _tag: "waiting"; readonly since: number; readonly reason: string }

export interface TunnelOptions {
  /** A shell command line that opens a shell on the relay. It is trusted. */
  readonly command: string
  /** The relay directory there. Default: that machine's own default. */
  readonly directory?: string | undefined
  /** The loopback address at which opencode listens on this machine. Default: 127.0.0.1. */
  readonly localAddress?: string | undefined
  /** The registration's file name there. */
  readonly file: string
  /** The registration there; its `port` is replaced by the tunnel's port. */
  readonly registration: Registration
  /** Whether opencode answers on this machine. If it does not, a silent tunnel is not replaced. */
  readonly isHealthy: Effect.Effect<boolean>
}

/** Together with {@link maxMissed} and the answer timeout, this detects a half-open connection within 20 s. */
const heartbeatEvery = "10 seconds"

/** Maximum number of consecutive heartbeats that reach the relay but not opencode through the tunnel, while opencode is healthy. */
const maxMissed = 2

/** Milliseconds. On shutdown, a connection that was lost more recently is opened again to remove the registration. */
const lostRecently = 6000

/** Without `/proc/net/tcp`, `ss` and `netstat`. */
const cannotLook =
  "the relay does not show where the tunnel's end listens; make sure that its sshd_config does not say GatewayPorts yes"

/** A route that answers 200 or 401 while opencode is alive. opencode 2 serves its web page on every path of opencode 1. */
const pingPath = ({ api }: Registration) => (api === 2 ? "/api/info" : "/global/health")

const encode = Schema.encodeEffect(RegistrationJson)

/**
 * Maintains the tunnel in the background until the scope closes, and returns its state. Never fails: an unreachable relay is
 * retried. Closing the scope removes the registration on the relay if the relay can be reached within 5 s.
 */
export const keepTunnel = Effect.fnUntraced(function* (options: TunnelOptions) {
  const connecting = Effect.map(Clock.currentTimeMillis, (since): TunnelState => ({ _tag: "connecting", since }))
  const state = yield* SubscriptionRef.make(yield* connecting)
  const current = yield* Ref.make(Option.none<RelayConnection>())
  const choosesPort = yield* Ref.make(false)
  const isEnding = yield* Ref.make(false)
  /** Whether the relay may hold a registration. */
  const mayBeRegistered = yield* Ref.make(false)

  const register = Effect.fnUntraced(function* ({ ask, port }: RelayConnection) {
    const json = yield* Effect.orDie(encode({ ...options.registration, port }))
    yield* Ref.set(mayBeRegistered, true)
    const answer = yield* ask(
      "put",
      options.directory ?? "",
      options.file,
      String(port),
      pingPath(options.registration),
      json,
    )
    if (!answer.startsWith("put ")) {
      const reason = `no registration on the relay: ${line(answer.replace(/^failed /u, ""))}`
      return yield* new ConnectionLost({ reason })
    }
    const file = answer.slice("put ".length)
    const before = yield* SubscriptionRef.get(state)
    // A registration that is restored does not restart the time of the connection.
    const since = before._tag === "connected" ? before.since : yield* Clock.currentTimeMillis
    yield* SubscriptionRef.set(state, { _tag: "connected", since, port, file })
    yield* Effect.logInfo(`connected: port ${port} on the relay, registered in ${file}`)
  })

  /** Sends heartbeats. Fails when the connection or the tunnel no longer works. */
  const heartbeats = Effect.fnUntraced(function* (connection: RelayConnection) {
    let missed = 0
    while (true) {
      yield* Effect.sleep(heartbeatEvery)
      const answer = yield* connection.ask("ping")
      if (answer === "pong gone") {
        yield* Effect.logWarning("the registration on the relay was removed; registering again")
        yield* register(connection)
      }
      missed = answer === "pong 000" && (yield* options.isHealthy) ? missed + 1 : 0
      if (missed >= maxMissed) return yield* new ConnectionLost({ reason: "the tunnel no longer carries traffic" })
    }
  })

  const open = Effect.gen(function* () {
    return yield* openConnection({
      command: options.command,
      localAddress: options.localAddress,
      localPort: options.registration.localPort ?? options.registration.port,
      remotePort: (yield* Ref.get(choosesPort)) ? yield* randomPort : 0,
    })
  })
  const connection = Effect.gen(function* () {
    const opened = yield* open
    yield* Effect.acquireRelease(Ref.set(current, Option.some(opened)), () => Ref.set(current, Option.none()))
    yield* register(opened)
    if (!opened.isKnownToBePrivate) yield* Effect.logWarning(cannotLook)
    // ssh can end between two heartbeats.
    return yield* Effect.raceFirst(heartbeats(opened), opened.ended)
  }).pipe(Effect.scoped)

  /** Records a failed connection. Returns whether it lasted long enough to reset the backoff. */
  const recordFailure = Effect.fnUntraced(function* (error: OpenError) {
    // The relay's shell ended on request.
    if (yield* Ref.get(isEnding)) return yield* Effect.never
    const before = yield* SubscriptionRef.get(state)
    const now = yield* Clock.currentTimeMillis
    // A lasting failure is logged once, even if it lasts for weeks.
    if (before._tag !== "waiting" || before.reason !== error.message) yield* Effect.logWarning(error.message)
    const since = before._tag === "waiting" ? before.since : now
    yield* SubscriptionRef.set(state, { _tag: "waiting", since, reason: error.message })
    if (error._tag === "NotShared") yield* Ref.set(choosesPort, true)
    return before._tag === "connected" && now - before.since >= backoffResetAfter
  })

  const connectionFiber = yield* Effect.forkScoped(
    keepConnected({
      connection,
      onLost: recordFailure,
      onWakeUp: Effect.andThen(
        Effect.logInfo("the machine was asleep; reconnecting"),
        Effect.flatMap(connecting, (now) => SubscriptionRef.set(state, now)),
      ),
    }),
  )

  const unregister = ({ ask }: RelayConnection) => Effect.andThen(Ref.set(isEnding, true), ask("bye"))
  /**
   * The signal that ends this program may have ended ssh as well, so it connects to the relay once more. It does not wait
   * for a relay that has been unreachable for longer.
   */
  const reconnectAndUnregister = Effect.gen(function* () {
    yield* Fiber.interrupt(connectionFiber)
    const before = yield* SubscriptionRef.get(state)
    const lostFor = (yield* Clock.currentTimeMillis) - before.since
    if (before._tag === "waiting" && lostFor > lostRecently) return yield* new ConnectionLost({ reason: before.reason })
    const opened = yield* open
    yield* register(opened)
    return yield* unregister(opened)
  }).pipe(Effect.scoped)
  // Added last, so it runs before the fiber above is interrupted and its connection is closed.
  yield* Effect.addFinalizer(() =>
    Ref.get(current).pipe(
      Effect.flatMap(
        Option.match({
          onNone: () => reconnectAndUnregister,
          onSome: (open) => Effect.catch(unregister(open), () => reconnectAndUnregister),
        }),
      ),
      Effect.timeout("5 seconds"),
      Effect.interruptible,
      Effect.matchEffect({
        onSuccess: () => Effect.logInfo("removed the registration on the relay"),
        onFailure: ({ message }) => Effect.logWarning(`the registration remains on the relay: ${message}`),
      }),
      (removal) => Effect.flatMap(Ref.get(mayBeRegistered), (may) => (may ? removal : Effect.void)),
    ),
  )
  return state
})
