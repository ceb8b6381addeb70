/**
 * `TRANSPORT=tailscale`: opencodes on the user's other machines in the tailnet, reached directly. They have to listen there,
 * as with `opencode serve --hostname 0.0.0.0 --port 4096`, and the tailnet's rules have to let this machine through.
 */
import { Duration, Effect, Layer, Stream } from "effect"
import { urlOf } from "../address.ts"
import { defaultProbeTimeout, defaultTailscalePorts } from "../defaults.ts"
import { type Announcement, Discovery, type Problem, type Scan } from "../Discovery.ts"
import { type Candidate, identifier, type Identified, withheld } from "../identification/identifier.ts"
import { instanceName } from "../instanceName.ts"
import type { TailscaleError } from "./errors.ts"
import { type Machine, machinesOf } from "./machines.ts"
import { Tailnet } from "./Tailnet.ts"

/** Each may begin with a handshake of WireGuard's, which all pass through one tailscaled. */
const askedAtOnce = 256

/** A relayed peer on another continent answers within this; one whose packets are dropped holds up the others. */
const longestAnswer = 1500

/** With Tailscale's own answer before, and the last ones' after it, a scan takes less than 10 s. */
const patience = "3 seconds"

interface PeerCandidate extends Candidate {
  readonly machine: Machine
  readonly port: number
}

/** The machines are the user's own, or have the tag that they have named; and WireGuard hides what is sent to them. */
const candidateOf = (machine: Machine, port: number): PeerCandidate => {
  const url = urlOf(machine.addresses[0], port)
  return { key: url, url, mayHavePassword: true, likely: false, machine, port }
}

const announce = (found: Identified<PeerCandidate>): Announcement => {
  const { candidate, identity } = found
  const { machine, port, url } = candidate
  const [, ...others] = machine.addresses
  return {
    name:
      identity.place === undefined
        ? instanceName(`${machine.host}-${port}`, machine.host, "")
        : instanceName(undefined, machine.host, identity.place.directory, identity.place.worktree),
    host: machine.host,
    url,
    aliases: others.map((address) => urlOf(address, port)),
    directory: identity.place?.directory,
    transport: "tailscale",
    passwordWithheld: withheld(found, ""),
    source: `tailscale peer ${machine.name}`,
  }
}

const problem = (reason: string): Problem => ({ source: "tailscale", reason })

export interface TailscaleOptions {
  /** Ports to probe on every machine. Default: 4096. */
  readonly ports?: ReadonlyArray<number> | undefined
  /** Machines with this tag count as well as the user's own, such as `tag:dev`. Default: none. */
  readonly tag?: string | undefined
  /** Bound on one probe; at most 1.5 s are used, because one scan asks every machine. Default: 3 s. */
  readonly probeTimeout?: Duration.Input | undefined
}

/** `Discovery` over any {@link Tailnet}. */
export const layerNoDeps = ({
  ports = defaultTailscalePorts,
  probeTimeout = defaultProbeTimeout,
  tag,
}: TailscaleOptions = {}) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const tailnet = yield* Tailnet
      const find = yield* identifier({
        atOnce: askedAtOnce,
        timeout: Math.min(Duration.toMillis(probeTimeout), longestAnswer),
        patience,
      })
      let last: ReadonlyArray<Announcement> = []

      const look = Effect.gen(function* () {
        const status = yield* tailnet.read
        const { machines, troubles } = machinesOf(status, tag)
        const candidates = machines.flatMap((machine) => ports.map((port) => candidateOf(machine, port)))
        const { opencodes, unasked } = yield* find(candidates)
        const announcements = opencodes.map(announce)
        return {
          announcements,
          problems: [
            ...troubles,
            ...(status.TUN === false && machines.length > 0 && opencodes.length === 0
              ? ["runs here without a network device (userspace networking), so that no peer can be reached"]
              : []),
            ...(unasked > 0
              ? [
                  `has more addresses than one scan can ask: ${unasked} of ${candidates.length} are left for the next ones. Fewer TAILSCALE_PORTS take less time`,
                ]
              : []),
          ].map(problem),
        }
      })

      /** A tailscaled that is busy still carries what it has carried before. Any other trouble parts this machine from all peers. */
      const trouble = (error: TailscaleError): Scan => ({
        announcements: error._tag === "TailscaleTimedOut" ? last : [],
        problems: [problem(error.message)],
      })

      const scan = look.pipe(
        Effect.catch((error) => Effect.succeed(trouble(error))),
        Effect.tap(({ announcements }) => Effect.sync(() => (last = announcements))),
        Effect.withSpan("Tailscale.scan"),
      )
      return Discovery.of({ scan, changes: Stream.never })
    }),
  )

export const layer = (options?: TailscaleOptions) => Layer.provide(layerNoDeps(options), Tailnet.layer)
