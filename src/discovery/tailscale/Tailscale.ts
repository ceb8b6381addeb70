/**
 * `TRANSPORT=tailscale`: opencodes on the user's other machines in the tailnet, reached directly. They must listen on a
 * tailnet address (`opencode serve --hostname 0.0.0.0 --port 4096`), and the tailnet's rules must allow access.
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

/** Number of concurrent probes. Each may start with a WireGuard handshake in the same tailscaled. */
const concurrency = 256

/** Milliseconds. Enough for a relayed peer on another continent; peers that drop packets delay the others. */
const maxProbeTimeout = 1500

/** No probe is started after this time. Including Tailscale's own answer, a scan takes less than 10 s. */
const timeBudget = "3 seconds"

interface PeerCandidate extends Candidate {
  readonly machine: Machine
  readonly port: number
}

/** The password may be sent: the machines are the user's or have the chosen tag, and WireGuard encrypts the traffic. */
const candidateOf = (machine: Machine, port: number): PeerCandidate => {
  const url = urlOf(machine.addresses[0], port)
  return { key: url, url, mayHavePassword: true, likely: false, machine, port }
}

/** opencode 2 serves all directories of its user, so it is named after the machine. */
const nameOf = ({ candidate: { machine, port }, identity: { api, location } }: Identified<PeerCandidate>) => {
  if (location !== undefined) return instanceName(undefined, machine.host, location.directory, location.worktree)
  return instanceName(api === 2 ? undefined : `${machine.host}-${port}`, machine.host, "")
}

const announce = (identified: Identified<PeerCandidate>): Announcement => {
  const { candidate, identity } = identified
  const { machine, port, url } = candidate
  const [, ...others] = machine.addresses
  return {
    name: nameOf(identified),
    host: machine.host,
    url,
    aliases: others.map((address) => urlOf(address, port)),
    directory: identity.location?.directory,
    transport: "tailscale",
    api: identity.api,
    passwordWithheld: withheld(identified, ""),
    source: `tailscale peer ${machine.name}`,
  }
}

const problem = (problem: Omit<Problem, "source">): Problem => ({ source: "tailscale", ...problem })

/**
 * A tailscaled that is slow, or whose answer cannot be read, still carries traffic. Any other error means that no peer is
 * reachable.
 */
const mayStillCarry = ({ _tag }: TailscaleError) => _tag === "TailscaleTimedOut" || _tag === "TailscaleNotUnderstood"

const failedScan = (error: TailscaleError): Scan => ({
  announcements: [],
  ...(mayStillCarry(error) ? { failed: true } : {}),
  problems: [problem({ reason: error.message })],
})

export interface TailscaleOptions {
  /** Ports to probe on every machine. Default: 4096 and 49374. */
  readonly ports?: ReadonlyArray<number> | undefined
  /** Machines with this tag, such as `tag:dev`, are probed in addition to the user's own. Default: none. */
  readonly tag?: string | undefined
  /** Timeout of one probe; at most 1.5 s, because one scan probes every machine. Default: 3 s. */
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
      const identifyAll = yield* identifier({
        concurrency,
        timeout: Math.min(Duration.toMillis(probeTimeout), maxProbeTimeout),
        timeBudget,
      })

      const scanPeers = Effect.gen(function* () {
        const status = yield* tailnet.read
        const { machines, problems } = machinesOf(status, tag)
        const candidates = machines.flatMap((machine) => ports.map((port) => candidateOf(machine, port)))
        const { opencodes, unprobed } = yield* identifyAll(candidates)
        const announcements = opencodes.map(announce)
        return {
          announcements,
          problems: [
            ...problems,
            ...(status.TUN === false && machines.length > 0 && opencodes.length === 0
              ? [{ reason: "runs without a network device (userspace networking), so no peer can be reached" }]
              : []),
            ...(unprobed > 0
              ? [
                  {
                    reason: `has more addresses than one scan can probe: ${unprobed} of ${candidates.length} are left for the next scans`,
                    remedy: { _tag: "ReduceTailscalePorts" } as const,
                  },
                ]
              : []),
          ].map(problem),
        }
      })

      const scan = scanPeers.pipe(
        Effect.catch((error) => Effect.succeed(failedScan(error))),
        Effect.withSpan("Tailscale.scan"),
      )
      return Discovery.of({ scan, changes: Stream.never })
    }),
  )

export const layer = (options?: TailscaleOptions) => Layer.provide(layerNoDeps(options), Tailnet.layer)
