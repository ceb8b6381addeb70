/** The TCP sockets on which processes of this user listen on this machine. */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { ServerMode } from "./program.ts"

/** The process that owns a listening socket. */
export interface Owner {
  readonly pid: number
  /** Distinguishes the process from later ones with the same id; see `LocalMachine.birthOf`. */
  readonly birth: string | undefined
  /** The file name of its program. */
  readonly program: string
  /** Whether the program is named opencode. */
  readonly isOpencode: boolean
  /** What it serves, if it is an opencode 2 and the system reports its command line. */
  readonly mode?: ServerMode
  /** Its working directory, if known. */
  readonly directory: string | undefined
}

export interface Listening {
  /** Distinguishes the socket from later ones on the same port. */
  readonly key: string
  /** The bound address in short form; `0.0.0.0` and `::` mean all addresses. */
  readonly address: string
  readonly port: number
  /** Undefined if the system does not report it. */
  readonly owner: Owner | undefined
}

/** The system does not list the listening sockets. */
export class ListeningUnknown extends Schema.TaggedError<ListeningUnknown>()("ListeningUnknown", {
  detail: Schema.String,
}) {
  override get message() {
    return `cannot list the listening ports: ${this.detail}`
  }
}

export class ListeningSockets extends Context.Service<
  ListeningSockets,
  {
    readonly list: Effect.Effect<ReadonlyArray<Listening>, ListeningUnknown>
    /** Emits when the sockets have changed, on systems where watching them is cheap. */
    readonly changes: Stream.Stream<void>
  }
>()("opencode-fleet/discovery/ports/ListeningSockets") {}
