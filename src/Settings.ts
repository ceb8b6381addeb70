/**
 * The settings of the program: every environment variable that it reads, with its default. Only this module and
 * `settings/` read the environment; each service takes its own options instead.
 */
import { Context, Duration, Effect, Layer, LogLevel, Option, Redacted } from "effect"
import { defaultLocalPorts, defaultProbeTimeout, defaultTailscalePorts } from "./discovery/defaults.ts"
import { isHostItem } from "./discovery/ssh/hostList.ts"
import { isTransportName, type TransportName, transportNames } from "./discovery/transportNames.ts"
import { defaultAnswerChars } from "./tools/shared/answerSize.ts"
import type { Credentials } from "./opencode/Target.ts"
import { credentials, passwordNote } from "./settings/credentials.ts"
import { databaseUrl } from "./settings/databaseUrl.ts"
import { inHome, relayDirectory, serviceDirectory, stateDirectory, stateDirectoryIn } from "./settings/directories.ts"
import { SettingsError } from "./settings/SettingsError.ts"
import { defaultSendTimeout } from "./tools/turns/defaultSendTimeout.ts"
import type { Variable } from "./settings/variables.ts"
import { listItems, milliseconds, oneLine, parsed, ports, variable, wholeNumber } from "./settings/variable.ts"

export { SettingsError }

export interface SettingsValues {
  /** The transports that find instances, without duplicates. */
  readonly transports: ReadonlyArray<TransportName>
  /** `local-ports`: ports to probe if the system does not list the listening sockets. */
  readonly localPorts: ReadonlyArray<number>
  /** `mdns`: hosts that may receive the password: names or addresses; `*` matches any text. */
  readonly mdnsAllow: ReadonlyArray<string>
  /** `ssh`: hosts, patterns for `Host` entries of the ssh configuration, and exclusions with `!`. */
  readonly sshHosts: ReadonlyArray<string>
  /** `tailscale`: ports to probe on every machine of the tailnet. */
  readonly tailscalePorts: ReadonlyArray<number>
  /** `tailscale`: machines with this tag, such as `tag:dev`, are probed in addition to the user's own. */
  readonly tailscaleTag: string | undefined
  /** The database that servers on several machines share; undefined without one. */
  readonly databaseUrl: Redacted.Redacted | undefined
  /** `postgres`: hosts that may receive the password, as they are in URLs; `*` matches any text. */
  readonly databaseAllow: ReadonlyArray<string>
  /** Absolute path of the directory of registration files. */
  readonly relayDirectory: string
  /** Whether the directory is the default one, which need not exist. */
  readonly relayDirectoryMayBeMissing: boolean
  /** Absolute path of the directory in which opencode 2 registers its services; undefined without a home directory. */
  readonly serviceDirectory: string | undefined
  /** The pause between the end of a refresh and the next one. */
  readonly refreshEvery: Duration.Duration
  /** Timeout of one probe. */
  readonly probeTimeout: Duration.Duration
  /** How long `send_message` waits for a turn if the client requests progress. */
  readonly sendTimeout: Duration.Duration
  /** Maximum number of characters of a tool's answer: of its text, and of its structured content. */
  readonly maxAnswerChars: number
  /** Undefined without a password. */
  readonly credentials: Credentials | undefined
  readonly logLevel: LogLevel.LogLevel
  /** The name under which `connect` registers its instance. Default: host and directory. */
  readonly instanceName: string | undefined
  /** The shell command line that opens a shell on the relay; undefined without a relay. */
  readonly relayCommand: string | undefined
  /** The relay directory on the relay, resolved by its shell; undefined for that machine's default. */
  readonly relayRemoteDirectory: string | undefined
  /** Signs what `notify --webhook` sends. */
  readonly webhookSecret: Redacted.Redacted | undefined
  /** Authorizes `notify --ntfy`. */
  readonly ntfyToken: Redacted.Redacted | undefined
  /** Absolute path of the directory of logs and of the records of `prune`. */
  readonly stateDirectory: string
}

export type DurationSetting = "refreshEvery" | "probeTimeout" | "sendTimeout"

/** Settings as a program passes them. Only the relay directory has no default. */
export type SettingsInput = Pick<SettingsValues, "relayDirectory"> &
  Partial<Omit<SettingsValues, DurationSetting>> &
  Partial<Record<DurationSetting, Duration.Input>>

const defaults: Omit<
  SettingsValues,
  "relayDirectory" | "relayDirectoryMayBeMissing" | "serviceDirectory" | "stateDirectory"
> = {
  transports: ["local-relay", "service"],
  localPorts: defaultLocalPorts,
  mdnsAllow: [],
  sshHosts: [],
  tailscalePorts: defaultTailscalePorts,
  tailscaleTag: undefined,
  databaseUrl: undefined,
  databaseAllow: [],
  refreshEvery: Duration.seconds(30),
  probeTimeout: defaultProbeTimeout,
  sendTimeout: defaultSendTimeout,
  maxAnswerChars: defaultAnswerChars,
  credentials: undefined,
  logLevel: "Info",
  instanceName: undefined,
  relayCommand: undefined,
  relayRemoteDirectory: undefined,
  webhookSecret: undefined,
  ntfyToken: undefined,
}

const enabledTransports = parsed(
  "TRANSPORT",
  `it takes a comma-separated list of: ${transportNames.join(", ")}`,
  (value) => Option.all(listItems(value).map((name) => Option.liftPredicate(name, isTransportName))),
).pipe(Effect.map(Option.getOrElse(() => defaults.transports)))

/** Matches a name, an address, and an address with a port. */
const hostPattern = /^[\p{L}\p{N}._*:-]+$/u

/** Hosts that may receive the password. */
const allowedHosts = (name: "MDNS_ALLOW" | "DATABASE_ALLOW", example: string) =>
  parsed(
    name,
    `it takes a comma-separated list of names and addresses such as ${example},192.168.1.*, where * matches any text`,
    (value) => Option.liftPredicate(listItems(value), (items) => items.every((item) => hostPattern.test(item))),
  ).pipe(Effect.map(Option.getOrElse((): ReadonlyArray<string> => [])))

const sshHosts = parsed(
  "SSH_HOSTS",
  "it takes a comma-separated list of hosts as ssh takes them, such as box,me@build,gpu-*, where * matches Host entries of the ssh configuration",
  (value) => Option.liftPredicate(listItems(value), (items) => items.every(isHostItem)),
).pipe(Effect.map(Option.getOrElse(() => defaults.sshHosts)))

const tailscaleTag = parsed("TAILSCALE_TAG", "it takes one tag of the tailnet, such as tag:dev", (value) => {
  const [, tag] = /^(?:tag:)?([A-Za-z][A-Za-z0-9-]*)$/u.exec(value.trim()) ?? []
  return Option.map(Option.fromUndefinedOr(tag), (tag) => `tag:${tag}`)
}).pipe(Effect.map(Option.getOrUndefined))

const logLevel = parsed(
  "LOG_LEVEL",
  `it takes one of: ${LogLevel.values.map((level) => level.toLowerCase()).join(", ")} (default info)`,
  (value) => Option.fromUndefinedOr(LogLevel.values.find((level) => level.toLowerCase() === value.toLowerCase())),
).pipe(Effect.map(Option.getOrElse(() => defaults.logLevel)))

/** The relay runs a POSIX shell, whatever this machine is. */
const relayRemoteDirectory = parsed(
  "RELAY_REMOTE_DIR",
  "it takes the path of a directory on the relay: absolute, or starting with ~/, without a line break or white space around it",
  (value) =>
    /[\0\n\r]/u.test(value) || value !== value.trim() || !(value.startsWith("/") || inHome.test(value))
      ? Option.none()
      : Option.some(value),
).pipe(Effect.map(Option.getOrUndefined))

/** White space around a secret is usually the line end of a file. */
const secret = (name: "WEBHOOK_SECRET" | "NTFY_TOKEN") =>
  Effect.map(variable(name), (value) =>
    Option.match(value, { onNone: () => undefined, onSome: (text) => Redacted.make(text.trim()) }),
  )

/**
 * Hosts and a database are named to be used, so their transport need not be repeated in `TRANSPORT`. `missing`: what to set if
 * only the transport is named.
 */
const enabling =
  (transport: TransportName, variable: Variable, isSet: (values: SettingsValues) => boolean, missing: string) =>
  (values: SettingsValues): Effect.Effect<SettingsValues, SettingsError> => {
    const { transports } = values
    const isListed = transports.includes(transport)
    if (isSet(values) === isListed) return Effect.succeed(values)
    return isListed
      ? Effect.fail(new SettingsError({ variable, value: "", allowed: missing }))
      : Effect.succeed({ ...values, transports: [...transports, transport] })
  }

const withSsh = enabling(
  "ssh",
  "SSH_HOSTS",
  ({ sshHosts }) => sshHosts.length > 0,
  "set it to the hosts that ssh in TRANSPORT connects to, such as SSH_HOSTS=box,me@build,gpu-*",
)

const withDatabase = enabling(
  "postgres",
  "DATABASE_URL",
  ({ databaseUrl }) => databaseUrl !== undefined,
  "set it to the database that postgres in TRANSPORT reads, such as postgresql://fleet@db.example.com/fleet",
)

export class Settings extends Context.Service<Settings, SettingsValues>()("opencode-fleet/Settings") {
  /** Reads the environment variables, or the `ConfigProvider` that is provided instead. */
  static readonly fromEnvironment = Effect.all({
    transports: enabledTransports,
    localPorts: ports("LOCAL_PORTS", defaults.localPorts),
    mdnsAllow: allowedHosts("MDNS_ALLOW", "build.local"),
    sshHosts,
    tailscalePorts: ports("TAILSCALE_PORTS", defaults.tailscalePorts),
    tailscaleTag,
    databaseUrl,
    databaseAllow: allowedHosts("DATABASE_ALLOW", "*.example.com"),
    relayDirectory,
    relayDirectoryMayBeMissing: Effect.map(variable("RELAY_REGISTRY_DIR"), Option.isNone),
    serviceDirectory,
    refreshEvery: milliseconds("DISCOVERY_INTERVAL_MS", defaults.refreshEvery, 100, 86_400_000),
    probeTimeout: milliseconds("HEALTH_CHECK_TIMEOUT_MS", defaults.probeTimeout, 10, 600_000),
    sendTimeout: milliseconds("SEND_TIMEOUT_MS", defaults.sendTimeout, 1000, 86_400_000),
    maxAnswerChars: wholeNumber("MAX_ANSWER_CHARS", defaults.maxAnswerChars, 4000, 10_000_000),
    credentials,
    logLevel,
    instanceName: Effect.map(variable("INSTANCE_NAME"), Option.getOrUndefined),
    relayCommand: oneLine("RELAY_SSH_CMD", "it takes a command line such as: ssh me@relay"),
    relayRemoteDirectory,
    webhookSecret: secret("WEBHOOK_SECRET"),
    ntfyToken: secret("NTFY_TOKEN"),
    stateDirectory,
  }).pipe(Effect.flatMap(withSsh), Effect.flatMap(withDatabase))

  static readonly layer = Layer.effect(
    Settings,
    Effect.tap(Settings.fromEnvironment, ({ credentials }) => {
      const note = passwordNote(credentials)
      return note === undefined ? Effect.void : Effect.logWarning(note)
    }),
  )

  /**
   * For programs that embed the command line's services, and for tests: the given values over the defaults. `service` is
   * among the default transports only if there is a `serviceDirectory`.
   */
  static readonly layerOf = ({ probeTimeout, refreshEvery, sendTimeout, ...values }: SettingsInput) =>
    Layer.succeed(Settings, {
      ...defaults,
      transports: values.serviceDirectory === undefined ? ["local-relay"] : defaults.transports,
      relayDirectoryMayBeMissing: false,
      serviceDirectory: undefined,
      stateDirectory: stateDirectoryIn(values.relayDirectory),
      ...values,
      refreshEvery: Duration.fromInputUnsafe(refreshEvery ?? defaults.refreshEvery),
      probeTimeout: Duration.fromInputUnsafe(probeTimeout ?? defaults.probeTimeout),
      sendTimeout: Duration.fromInputUnsafe(sendTimeout ?? defaults.sendTimeout),
    })
}
