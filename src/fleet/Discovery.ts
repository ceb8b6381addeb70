/** A way of finding instances: what `TRANSPORT` names. Each is a layer of this service. */
import { Context, type Effect, type Stream } from "effect"
import type { ConnectState } from "./Registration.ts"

/** An instance as it was announced, before anyone has asked whether it answers. */
export interface Announcement {
  /** As announced. Two instances may have the same one; `naming.ts` tells them apart. */
  readonly name: string
  /** The machine that it runs on, as announced: for people, not for connecting. */
  readonly host: string
  /** Where it is reached from here. */
  readonly url: string
  /** Its working directory, if announced. */
  readonly directory: string | undefined
  readonly transport: string
  /** opencode's process on `host`, if announced. */
  readonly pid?: number | undefined
  /** What tells that process from others of its id, if announced. */
  readonly birth?: string | undefined
  /** Whether a tunnel leads there, so that its process is not one of this machine's. */
  readonly tunnelled?: boolean | undefined
  /** Epoch milliseconds: when it was last written down. */
  readonly writtenAt?: number | undefined
  /** How `opencode-fleet connect`, which has written the announcement, fares. */
  readonly connect?: ConnectState | undefined
  /** Where the announcement stands: the path of the registration file. */
  readonly source: string
}

/** Something that was found and could not be used. It costs no more than itself. */
export interface Problem {
  readonly source: string
  /** One sentence with the way out. */
  readonly reason: string
}

export interface Scan {
  readonly announcements: ReadonlyArray<Announcement>
  readonly problems: ReadonlyArray<Problem>
}

export class Discovery extends Context.Service<
  Discovery,
  {
    /** Looks everywhere once. It cannot fail: what cannot be read is a problem. */
    readonly scan: Effect.Effect<Scan>
    /** Says when another scan may find something else. */
    readonly changes: Stream.Stream<void>
  }
>()("opencode-fleet/fleet/Discovery") {}
