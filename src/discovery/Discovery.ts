/** A way of finding instances: what `TRANSPORT` names. Each is a layer of this service. */
import { Context, type Effect, type Stream } from "effect"
import type { ProcessId } from "../machine/ServerProcesses.ts"
import type { ConnectState } from "./relay/Registration.ts"

/** An instance as it was announced, before anyone has asked whether it answers. */
export interface Announcement {
  /** As announced. Two instances may have the same one; `naming.ts` tells them apart. */
  readonly name: string
  /** The machine that it runs on, as announced: for people, not for connecting. */
  readonly host: string
  /** Where it is reached from here. */
  readonly url: string
  /** Other URLs that are certain to lead to the same server. */
  readonly aliases?: ReadonlyArray<string> | undefined
  /** The port that opencode listens on where it runs, if that is another one than that of `url`. */
  readonly remotePort?: number | undefined
  /** Its working directory, if announced. */
  readonly directory: string | undefined
  /** The name of the transport that has found it. */
  readonly transport: string
  /** Why the password must not be sent there; it may be where nothing stands here. */
  readonly passwordWithheld?: string | undefined
  /**
   * The local process that serves `url`, if the operating system tells. Requests are sent only while it runs, so a program
   * that takes over its port receives nothing.
   */
  readonly listener?: ProcessId | undefined
  /** Anybody may have announced it, so it is never asked in another one's place. */
  readonly stranger?: boolean | undefined
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
  /** Where the announcement stands: the path of a registration file, a socket, a peer. */
  readonly source: string
}

/** Something that was found and could not be used. It costs no more than itself. */
export interface Problem {
  readonly source: string
  /** One sentence with the way out. */
  readonly reason: string
}

/** How the last scan of one transport went. */
export interface TransportReport {
  readonly transport: string
  /** When it began, in epoch milliseconds. */
  readonly scannedAt: number
  /** Milliseconds that it took. */
  readonly duration: number
  /** How many announcements there were. */
  readonly found: number
  readonly problems: ReadonlyArray<Problem>
}

export interface Scan {
  readonly announcements: ReadonlyArray<Announcement>
  /** Those of all reports, where there are any. */
  readonly problems: ReadonlyArray<Problem>
  /** One report per transport, if several are merged. */
  readonly reports?: ReadonlyArray<TransportReport>
  /** Whether a transport is still being scanned, so that the next scan may find more. */
  readonly incomplete?: boolean
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
