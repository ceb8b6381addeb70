/**
 * The table of built-in transports: how each name of `transportNames.ts` becomes a `Discovery`. To add a transport, write
 * a module that exports a `layer` of `Discovery`, add its name there, and add a line here.
 *
 * Each module is loaded when its layer is built.
 */
import { type Duration, Effect, type FileSystem, Layer, type Path, Stream } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { Discovery } from "./discovery/Discovery.ts"
import type { Identification } from "./discovery/identification/Identification.ts"
import type { TransportName } from "./discovery/transportNames.ts"
import type { Credentials } from "./opencode/Target.ts"

/** The services that a transport may use. */
export type TransportServices =
  | Identification
  | FileSystem.FileSystem
  | Path.Path
  | ChildProcessSpawner.ChildProcessSpawner

/** The options of all transports. Each transport uses its own. */
export interface TransportOptions {
  /** `local-relay`: absolute path of the directory of registration files. */
  readonly relayDirectory: string
  /** `local-relay`: whether a missing directory is no problem, because it is the default one. Default: false. */
  readonly relayDirectoryMayBeMissing?: boolean | undefined
  /**
   * `service`: absolute path of the directory in which opencode 2 registers its services, `~/.local/state/opencode`. Without
   * it, that transport finds nothing.
   */
  readonly serviceDirectory?: string | undefined
  /** `local-ports`: ports to probe if the system does not list the listening sockets. Default: 4096 to 4111. */
  readonly localPorts?: ReadonlyArray<number> | undefined
  /** `ssh`: hosts as `ssh` takes them, patterns for `Host` entries, and exclusions with `!`. Default: none. */
  readonly sshHosts?: ReadonlyArray<string> | undefined
  /** `tailscale`: ports to probe on every machine of the tailnet. Default: 4096 and 49374. */
  readonly tailscalePorts?: ReadonlyArray<number> | undefined
  /** `tailscale`: machines with this tag, such as `tag:dev`, are probed in addition to the user's own. Default: none. */
  readonly tailscaleTag?: string | undefined
  /** `mdns`: hosts that may receive the password: names or addresses; `*` matches any text. Default: none. */
  readonly mdnsAllow?: ReadonlyArray<string> | undefined
  /** `postgres`: hosts that may receive the password, as they are in URLs; `*` matches any text. Default: none. */
  readonly databaseAllow?: ReadonlyArray<string> | undefined
  /** `postgres`: absolute path of the directory with this machine's id, by which it recognises its own instances. */
  readonly stateDirectory?: string | undefined
  /** Timeout of one probe. Default: 3 s. */
  readonly probeTimeout?: Duration.Input | undefined
  /** With credentials, `local-relay` refuses registrations that other users can write to. Default: none. */
  readonly credentials?: Credentials | undefined
}

/** One transport as a layer, which loads its module when it is built. */
export type Transport = (options: TransportOptions) => Layer.Layer<Discovery, never, TransportServices>

const loaded = <Module>(
  load: () => Promise<Module>,
  layer: (module: Module) => Layer.Layer<Discovery, never, TransportServices>,
) => Layer.unwrap(Effect.map(Effect.promise(load), layer))

const withoutDirectory = Layer.succeed(Discovery, {
  scan: Effect.succeed({
    announcements: [],
    problems: [{ source: "service", reason: "finds nothing, because the user's home directory is not known" }],
  }),
  changes: Stream.never,
})

export const transports: Readonly<Record<TransportName, Transport>> = {
  "local-relay": ({ credentials, relayDirectory, relayDirectoryMayBeMissing }) =>
    loaded(
      () => import("./discovery/relay/RelayDirectory.ts"),
      ({ layer }) =>
        layer({
          directory: relayDirectory,
          mayBeMissing: relayDirectoryMayBeMissing,
          strictModes: credentials !== undefined,
        }),
    ),
  service: ({ serviceDirectory }) =>
    serviceDirectory === undefined
      ? withoutDirectory
      : loaded(
          () => import("./discovery/service/Service.ts"),
          ({ layer }) => layer({ directory: serviceDirectory }),
        ),
  "local-ports": ({ localPorts }) =>
    loaded(
      () => import("./discovery/ports/LocalPorts.ts"),
      ({ layer }) => layer({ ports: localPorts }),
    ),
  ssh: ({ sshHosts = [] }) =>
    loaded(
      () => import("./discovery/ssh/Ssh.ts"),
      ({ layer }) => layer({ hosts: sshHosts }),
    ),
  tailscale: ({ probeTimeout, tailscalePorts, tailscaleTag }) =>
    loaded(
      () => import("./discovery/tailscale/Tailscale.ts"),
      ({ layer }) => layer({ ports: tailscalePorts, tag: tailscaleTag, probeTimeout }),
    ),
  postgres: ({ databaseAllow, stateDirectory }) =>
    loaded(
      () => import("./discovery/postgres/Postgres.ts"),
      ({ layer }) => layer({ allow: databaseAllow, stateDirectory }),
    ),
  mdns: ({ mdnsAllow, probeTimeout }) =>
    loaded(
      () => import("./discovery/mdns/Mdns.ts"),
      ({ layer }) => layer({ allow: mdnsAllow, probeTimeout }),
    ),
}
