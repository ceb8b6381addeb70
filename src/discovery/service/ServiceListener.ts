/**
 * Whether a process of this user listens at an address. A service's registration outlives a crash and a reboot, so its
 * process id and its port may belong to other programs by now, and they must not receive its password.
 */
import { Context, Effect, Layer } from "effect"
import { fileErrorText } from "../../machine/fileError.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import type { ProcessId } from "../../machine/ServerProcesses.ts"
import { ListeningUnknown } from "../ports/ListeningSockets.ts"
import { lsof } from "../ports/lsof.ts"
import { procNet } from "../ports/procNet.ts"
import { procSockets } from "../ports/procSockets.ts"

export interface ServiceAddress {
  readonly pid: number
  /** The address that a request is sent to. */
  readonly host: string
  readonly port: number
}

/**
 * `Listening`: this process of the user, and no other, receives connections to the address. `Exited`: the process is not
 * running. `NotListening`: no process listens there. `Foreign`: another process listens there. `Unknown`: the system does
 * not tell.
 */
export type ListenerVerdict =
  | { readonly _tag: "Listening"; readonly process: ProcessId }
  | { readonly _tag: "Exited" }
  | { readonly _tag: "NotListening" }
  | { readonly _tag: "Foreign" }
  | { readonly _tag: "Unknown"; readonly detail: string }

export class ServiceListener extends Context.Service<
  ServiceListener,
  { readonly check: (address: ServiceAddress) => Effect.Effect<ListenerVerdict> }
>()("opencode-fleet/discovery/service/ServiceListener") {}

interface Bound {
  readonly address: string
  readonly port: number
}

/** The sockets that receive a connection: those bound to its address, or else those bound to all addresses. */
const receiving = <A extends Bound>(sockets: ReadonlyArray<A>, host: string, port: number): ReadonlyArray<A> => {
  const onPort = sockets.filter((socket) => socket.port === port)
  const exact = onPort.filter(({ address }) => address === host)
  return exact.length > 0 ? exact : onPort.filter(({ address }) => address === "0.0.0.0" || address === "::")
}

/** Reads `/proc` on Linux, and asks `lsof` elsewhere. */
export const layer = Layer.effect(
  ServiceListener,
  Effect.gen(function* () {
    const machine = yield* LocalMachine
    const { allSockets } = yield* procNet
    const { inodesOf, isOurs } = yield* procSockets
    const { list } = yield* lsof

    /** For each socket that receives a connection to the address, whether it belongs to the process. */
    const fromProc = Effect.fnUntraced(
      function* ({ host, pid, port }: ServiceAddress) {
        const sockets = receiving(yield* allSockets, host, port)
        const inodes = new Set((yield* isOurs(pid)) ? yield* inodesOf(pid) : [])
        return sockets.map(({ inode }) => inodes.has(inode))
      },
      Effect.catchTag("PlatformError", (error) => new ListeningUnknown({ detail: fileErrorText(error) })),
    )

    /** lsof lists the sockets of this user only, so another user's are missing, and never count as this process's. */
    const fromLsof = ({ host, pid, port }: ServiceAddress) =>
      Effect.map(list, (sockets) => receiving(sockets, host, port).map(({ owner }) => owner?.pid === pid))

    const check = Effect.fn("ServiceListener.check")(function* (address: ServiceAddress) {
      const { pid } = address
      const birth = machine.birthOf(pid)
      const owned = yield* fromProc(address).pipe(Effect.catch(() => fromLsof(address)))
      // Asked last, so that all of the above was read of this process.
      if (owned.length > 0 && owned.every((isOwn) => isOwn) && machine.isAlive(pid, birth)) {
        return { _tag: "Listening", process: { pid, birth } } as const
      }
      if (owned.includes(false)) return { _tag: "Foreign" } as const
      return { _tag: machine.isAlive(pid, birth) ? "NotListening" : "Exited" } as const
    })

    return ServiceListener.of({
      check: (address) =>
        Effect.catch(check(address), ({ detail }) => Effect.succeed({ _tag: "Unknown", detail } as const)),
    })
  }),
)
