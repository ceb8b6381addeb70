/** Defaults that several services and the settings share. */
import { Array, Duration } from "effect"

/** How long one health probe may take. */
export const defaultProbeTimeout = Duration.seconds(3)

/** Ports that `local-ports` probes if the system does not list the listening sockets. */
export const defaultLocalPorts: ReadonlyArray<number> = Array.range(4096, 4111)

/** Ports that `tailscale` probes on every machine: those of `opencode serve` and of the service of opencode 2. */
export const defaultTailscalePorts: ReadonlyArray<number> = [4096, 49_374]
