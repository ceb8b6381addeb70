/**
 * Keeps an instance reachable on the relay: a tunnel that is made anew whenever it breaks, for ever, and a registration
 * there that follows its port. What the relay holds of an earlier tunnel does not matter, for each asks for a port of
 * its own.
 */
import { Clock, Effect, Fiber, Option, Random, Ref, Schedule, Schema, SubscriptionRef } from "effect"
import { type Registration, RegistrationJson } from "../../discovery/relay/Registration.ts"
import { line } from "../../text/plainText.ts"
import { ConnectionLost, openConnection, PortNotShown, type RelayConnection } from "./RelayConnection.ts"
import { wakeUp } from "../../machine/wakeUp.ts"

/** How the tunnel is, and since when (epoch milliseconds). */
export type TunnelState =
  | { readonly _tag: "connecting"; readonly since: number }
  | { readonly _tag: "connected"; readonly since: number; readonly port: number; readonly file: string }
  /** For the next try, since the connection was lost or could not be made; `reason` says why the last try failed. */
  | { readonly _tag: "waiting"; readonly since: number; readonly reason: string }

export interface TunnelOptions {
  /** The command that gives a shell on the relay. */
  readonly command: string
  /** The relay directory there; none for that machine's default. */
  readonly directory: string | undefined
  /** The registration's file name there. */
  readonly file: string
  /** What is registered there, but for the port. */
  readonly registration: Registration
  /** Whether opencode answers on this machine: if it does not, the tunnel is not to blame for it. */
  readonly answers: Effect.Effect<boolean>
}

/** With {@link mostMissed}, and the time that an answer may take: a half-open connection is found within 20 s. */
const heartbeat = "10 seconds"

/** Heartbeats in a row that reach the relay but not, through the tunnel, the opencode that answers here. */
const mostMissed = 2

/** Who has been connected for so long begins its tries anew, with the short pauses. */
const steady = 30_000

/** Milliseconds: one whose connection has gone since is worth another try when all ends. */
const justNow = 6000

/** 1, 2, 4 … 60 s, each give or take a fifth, so that a fleet does not come back to its relay in one instant. */
const backoff = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("60 seconds")]).pipe(Schedule.jittered)

/** Where the relay's choice is not shown: below the ports that systems give out themselves. */
const somePort = Random.nextIntBetween(20_000, 32_000)

const encode = Schema.encodeEffect(RegistrationJson)

/** Begins to keep the tunnel; at the end of the scope the registration there is removed, if the relay can be reached. */
export const keepTunnel = Effect.fnUntraced(function* (options: TunnelOptions) {
  const connecting = Effect.map(Clock.currentTimeMillis, (since): TunnelState => ({ _tag: "connecting", since }))
  const state = yield* SubscriptionRef.make(yield* connecting)
  const current = yield* Ref.make(Option.none<RelayConnection>())
  const choosesPort = yield* Ref.make(false)
  const ending = yield* Ref.make(false)
  /** Whether there may be a registration on the relay. */
  const registered = yield* Ref.make(false)

  const register = Effect.fnUntraced(function* ({ ask, port }: RelayConnection) {
    const json = yield* Effect.orDie(encode({ ...options.registration, port }))
    yield* Ref.set(registered, true)
    const answer = yield* ask("put", options.directory ?? "", options.file, String(port), json)
    if (!answer.startsWith("put ")) {
      const reason = `no registration on the relay: ${line(answer.replace(/^failed /u, ""))}`
      return yield* new ConnectionLost({ reason })
    }
    const file = answer.slice("put ".length)
    const before = yield* SubscriptionRef.get(state)
    // It may be registered once more on the same connection.
    const since = before._tag === "connected" ? before.since : yield* Clock.currentTimeMillis
    yield* SubscriptionRef.set(state, { _tag: "connected", since, port, file })
    yield* Effect.logInfo(`connected: port ${port} on the relay, registered in ${file}`)
  })

  /** Never ends but with what the heartbeats find. */
  const watch = Effect.fnUntraced(function* (connection: RelayConnection) {
    let missed = 0
    while (true) {
      yield* Effect.sleep(heartbeat)
      const answer = yield* connection.ask("ping")
      if (answer === "pong gone") {
        yield* Effect.logWarning("the registration on the relay is gone; it is written again")
        yield* register(connection)
      }
      missed = answer === "pong 000" && (yield* options.answers) ? missed + 1 : 0
      if (missed >= mostMissed)
        return yield* new ConnectionLost({ reason: "nothing comes through the tunnel any more" })
    }
  })

  const open = Effect.gen(function* () {
    return yield* openConnection({
      command: options.command,
      localPort: options.registration.localPort ?? options.registration.port,
      remotePort: (yield* Ref.get(choosesPort)) ? yield* somePort : 0,
    })
  })
  const connection = Effect.gen(function* () {
    const opened = yield* open
    yield* Effect.acquireRelease(Ref.set(current, Option.some(opened)), () => Ref.set(current, Option.none()))
    yield* register(opened)
    // ssh may end between two heartbeats.
    return yield* Effect.raceFirst(watch(opened), opened.ended)
  }).pipe(Effect.scoped)

  const wait = Effect.fnUntraced(function* (error: ConnectionLost | PortNotShown) {
    // The relay's shell has ended because it was told to.
    if (yield* Ref.get(ending)) return yield* Effect.never
    const before = yield* SubscriptionRef.get(state)
    const now = yield* Clock.currentTimeMillis
    // Weeks of the same refusal are one line.
    if (before._tag !== "waiting" || before.reason !== error.message) yield* Effect.logWarning(error.message)
    const since = before._tag === "waiting" ? before.since : now
    yield* SubscriptionRef.set(state, { _tag: "waiting", since, reason: error.message })
    if (error._tag === "PortNotShown") yield* Ref.set(choosesPort, true)
    return before._tag === "connected" && now - before.since >= steady
  })

  /** Ends when a steady connection is lost, so that the pauses begin anew. */
  const tries = connection.pipe(
    Effect.catch((error) => Effect.flatMap(wait(error), (steady) => (steady ? Effect.void : Effect.fail(error)))),
    Effect.retry(backoff),
    Effect.andThen(Effect.sleep("1 second")),
  )
  const woken = wakeUp.pipe(
    Effect.andThen(Effect.logInfo("the machine has slept; connecting anew")),
    Effect.andThen(Effect.flatMap(connecting, (now) => SubscriptionRef.set(state, now))),
  )
  const trying = yield* Effect.raceFirst(tries, woken).pipe(Effect.forever, Effect.forkScoped)

  const leave = ({ ask }: RelayConnection) => Effect.andThen(Ref.set(ending, true), ask("bye"))
  /** Who ends this program may have ended ssh as well. One that has been away for longer is not waited for. */
  const comeBack = Effect.gen(function* () {
    yield* Fiber.interrupt(trying)
    const before = yield* SubscriptionRef.get(state)
    const away = (yield* Clock.currentTimeMillis) - before.since
    if (before._tag === "waiting" && away > justNow) return yield* new ConnectionLost({ reason: before.reason })
    const opened = yield* open
    yield* register(opened)
    return yield* leave(opened)
  }).pipe(Effect.scoped)
  // Released before the fiber above, while its connection is still open.
  yield* Effect.addFinalizer(() =>
    Ref.get(current).pipe(
      Effect.flatMap(
        Option.match({ onNone: () => comeBack, onSome: (open) => Effect.catch(leave(open), () => comeBack) }),
      ),
      Effect.timeout("5 seconds"),
      Effect.interruptible,
      Effect.matchEffect({
        onSuccess: () => Effect.logInfo("the registration on the relay is removed"),
        onFailure: ({ message }) =>
          Effect.logWarning(`the registration stays on the relay, where \`prune\` removes it: ${message}`),
      }),
      (taken) => Effect.flatMap(Ref.get(registered), (there) => (there ? taken : Effect.void)),
    ),
  )
  return state
})
