/** Which TCP ports of this machine processes of this user listen on, as far as the system tells. */
import { Context, type Effect, Schema, type Stream } from "effect"

/** A process that listens. */
export interface Owner {
  readonly pid: number
  /** Tells it from later processes of that id; see `LocalMachine.birthOf`. */
  readonly birth: string | undefined
  /** What its program is called. */
  readonly program: string
  /** By its name it is an opencode. */
  readonly isOpencode: boolean
  /** Its working directory, where the system says. */
  readonly directory: string | undefined
}

export interface Listening {
  /** Tells the socket from a later one on the same port. */
  readonly key: string
  /** As bound, in the usual short form; `0.0.0.0` and `::` mean all addresses. */
  readonly address: string
  readonly port: number
  /** None where the system does not say. */
  readonly owner: Owner | undefined
}

/** The system does not say who listens. */
export class ListeningUnknown extends Schema.TaggedError<ListeningUnknown>()("ListeningUnknown", {
  detail: Schema.String,
}) {
  override get message() {
    return `does not learn which ports are listened on: ${this.detail}`
  }
}

export class ListeningSockets extends Context.Service<
  ListeningSockets,
  {
    readonly list: Effect.Effect<ReadonlyArray<Listening>, ListeningUnknown>
    /** Says when the sockets are others than before, where that can be seen at little cost. */
    readonly changes: Stream.Stream<void>
  }
>()("opencode-fleet/fleet/ports/ListeningSockets") {}
