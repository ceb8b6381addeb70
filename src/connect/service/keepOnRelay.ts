/** Keeps opencode 2's background service reachable on a relay: a proxy on this machine, and a tunnel from the relay to it. */
import { Clock, Effect, Stream, SubscriptionRef } from "effect"
import { addressIn, portIn } from "../../discovery/address.ts"
import { instanceName } from "../../discovery/instanceName.ts"
import { fileNameOf } from "../../discovery/relay/RegistrationFiles.ts"
import { failureText } from "../../machine/fileError.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { machineId } from "../../machine/machineId.ts"
import type { Credentials } from "../../opencode/Target.ts"
import { basicAuthorization } from "../proxy/checkAuthorization.ts"
import { openProxy, ServiceAway } from "../proxy/openProxy.ts"
import type { MembershipOptions, Relay } from "../join.ts"
import { tunnelView } from "../join.ts"
import { displayCommand } from "../tunnel/displayCommand.ts"
import { keepTunnel } from "../tunnel/Tunnel.ts"
import { serviceId } from "./announceService.ts"
import { LocalService } from "./LocalService.ts"
import { leaseFile, takeLease } from "./serviceLease.ts"

interface OnRelayOptions extends Pick<MembershipOptions, "name" | "stateDirectory" | "connect"> {
  readonly relay: Relay
  /** The fleet's password, which the proxy asks for. */
  readonly credentials: Credentials
}

/** Where the service is now. */
const upstream = Effect.gen(function* () {
  const state = yield* (yield* LocalService).state
  if (state._tag !== "Running") {
    return yield* new ServiceAway({
      reason: state._tag === "Away" ? state.reason : "cannot be used: its registration is refused on its machine",
    })
  }
  const url = new URL(state.target.url)
  return {
    host: addressIn(url),
    port: portIn(url),
    authorization: basicAuthorization(state.credentials),
  }
})

/**
 * Waits until no other `connect` of this user keeps the tunnel, and then keeps it until the scope closes. Returns the tunnel's
 * state.
 */
export const keepOnRelay = Effect.fn("keepOnRelay")(function* (options: OnRelayOptions) {
  const { connect, credentials, relay, stateDirectory } = options
  const { hostname } = yield* LocalMachine
  const name = instanceName(options.name, hostname, "")
  const lease = yield* takeLease({
    stateDirectory,
    kind: "relays",
    // Each name is a registration of its own.
    file: leaseFile(name, JSON.stringify([relay.command, relay.directory ?? ""])),
    holder: { name, pid: connect?.pid ?? process.pid, log: connect?.log ?? "" },
    onWait: () =>
      Effect.logInfo("another `connect` of this machine keeps the tunnel to this relay; waiting until it ends"),
  }).pipe(
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(
          `each \`connect\` keeps a tunnel of its own, because nothing can be stored: ${failureText(error)}`,
        ),
        { write: () => Effect.void },
      ),
    ),
  )
  const services = yield* Effect.context<LocalService>()
  const machine = yield* machineId(stateDirectory)
  const port = yield* openProxy({ credentials, upstream: Effect.provideContext(upstream, services) })
  const tunnel = yield* keepTunnel({
    command: relay.command,
    directory: relay.directory,
    file: `${fileNameOf(name)}-${machine}.json`,
    registration: {
      id: serviceId(machine),
      name,
      hostname,
      api: 2,
      port,
      localPort: port,
      connectedAt: new Date(yield* Clock.currentTimeMillis).toISOString(),
    },
    // The proxy answers whatever the service does.
    isHealthy: Effect.succeed(true),
  })
  yield* SubscriptionRef.changes(tunnel).pipe(
    Stream.changes,
    Stream.runForEach((state) =>
      Effect.catch(lease.write({ tunnel: tunnelView(displayCommand(relay.command), state) }), (error) =>
        Effect.logWarning(`the tunnel's state cannot be stored: ${failureText(error)}`),
      ),
    ),
    Effect.forkScoped,
  )
  return tunnel
})
