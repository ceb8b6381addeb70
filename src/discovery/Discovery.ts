/** The service that discovers instances. Each transport (`TRANSPORT`) is a layer of it. */
import { Context, type Effect, type Stream } from "effect"
import type { Listener } from "../machine/ServerProcesses.ts"
import type { ApiVersion, Credentials, Target } from "../opencode/Target.ts"
import type { Remedy } from "./Remedy.ts"
import type { ConnectState } from "./relay/Registration.ts"

/** An announced instance, which has not been probed. Plain data, so equal announcements of two scans are equal. */
export interface Announcement {
  /** As announced, not empty. Names need not be unique; `Fleet` makes them unique. */
  readonly name: string
  /** The machine that it runs on, as announced. For display, not for connecting. */
  readonly host: string
  /** The `http` or `https` URL at which this machine reaches it, such as `http://127.0.0.1:4096`. */
  readonly url: string
  /** The same in all announcements of one instance, if it was announced with an id. */
  readonly identity?: string | undefined
  /**
   * Why this machine cannot reach it: a sentence that continues after its name. `url` is then only an identifier, and no request is
   * sent to it.
   */
  readonly unreachable?: string | undefined
  /** Other URLs that certainly lead to the same server. */
  readonly aliases?: ReadonlyArray<string> | undefined
  /** The port on which opencode listens on its own machine, if it differs from the port of `url`. */
  readonly remotePort?: number | undefined
  /** Its working directory, if announced. */
  readonly directory: string | undefined
  /** The name of the transport that found it. */
  readonly transport: string
  /** The version of opencode's API, if the transport knows it. */
  readonly api?: ApiVersion | undefined
  /**
   * Its own credentials, sent to it in place of the fleet's: the password that a service generated, or what a registration
   * refers to. They are kept in memory only, and never shown.
   */
  readonly credentials?: Credentials | undefined
  /** Further request headers that a proxy in front of it asks for; names in lower case. */
  readonly headers?: Target["headers"] | undefined
  /** Why its own credentials are not known, if it has some. Then it receives none, neither its own nor the fleet's. */
  readonly secretsUnknown?: string | undefined
  /** Why the fleet's password must not be sent to it. Undefined if it may be sent. */
  readonly passwordWithheld?: string | undefined
  /** What makes the password be sent, if the user can decide that. */
  readonly passwordRemedy?: Remedy | undefined
  /**
   * The local process that serves `url`, if the operating system reports it. Requests are sent only while it is running, so
   * a program that takes over its port receives nothing.
   */
  readonly listener?: Listener | undefined
  /** Whether any device on the network could have announced it. Such an endpoint never stands in for a trusted one. */
  readonly untrusted?: boolean | undefined
  /** The process id of opencode on `host`, if announced. */
  readonly pid?: number | undefined
  /** Distinguishes that process from others with the same id, if announced; see `LocalMachine.birthOf`. */
  readonly birth?: string | undefined
  /** Whether `url` is the end of a tunnel, so that the process runs on another machine. */
  readonly tunnelled?: boolean | undefined
  /** When its registration was last written, in epoch milliseconds. */
  readonly writtenAt?: number | undefined
  /** The item of `SSH_HOSTS` on which it runs (`ssh` only). */
  readonly sshHost?: string | undefined
  /** The state of the `opencode-fleet connect` that wrote the registration (`local-relay` only). */
  readonly connect?: ConnectState | undefined
  /** Where it was found, for messages: the path of a registration file, a port and its process, a peer. */
  readonly source: string
}

/** Something that could not be scanned or used. It affects nothing else. */
export interface Problem {
  readonly source: string
  /** What is wrong: a sentence that continues after `source`. */
  readonly reason: string
  /** What the user can do about it, if that depends on how the program is configured. */
  readonly remedy?: Remedy
}

/** The outcome of one transport's last scan. */
export interface TransportReport {
  readonly transport: string
  /** When the scan started, in epoch milliseconds. */
  readonly scannedAt: number
  /** How long it took, in milliseconds. */
  readonly duration: number
  /** The number of announcements. */
  readonly found: number
  readonly problems: ReadonlyArray<Problem>
}

export interface Scan {
  readonly announcements: ReadonlyArray<Announcement>
  /** All problems, including those of the reports. */
  readonly problems: ReadonlyArray<Problem>
  /** One report per transport, if several are merged. */
  readonly reports?: ReadonlyArray<TransportReport>
  /** Whether the scan failed, so that what the last complete one found stays. */
  readonly failed?: boolean
  /** Whether a transport is still being scanned, so that the next scan may find more. */
  readonly incomplete?: boolean
}

export class Discovery extends Context.Service<
  Discovery,
  {
    /** Scans once. It does not fail; what goes wrong is a problem. */
    readonly scan: Effect.Effect<Scan>
    /** Emits when another scan may have a different result. */
    readonly changes: Stream.Stream<void>
  }
>()("opencode-fleet/discovery/Discovery") {}
