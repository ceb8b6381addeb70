/**
 * Every environment variable that the program reads, with its default and with what is said about a value that cannot
 * be used. They are read once, when the layer is built.
 */
import { Config, Context, Duration, Effect, Layer, LogLevel, Option, Path, Redacted, Schema } from "effect"
import { defaultLocalPorts, defaultProbeTimeout, defaultTailscalePorts } from "./discovery/defaults.ts"
import { isTransportName, type TransportName, transportNames } from "./discovery/transportNames.ts"
import type { Credentials } from "./opencode/Target.ts"
import { mostPorts, portsOf } from "./settings/portList.ts"

/** A variable holds something that cannot be used. One line, and never a secret. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  variable: Schema.String,
  value: Schema.String,
  allowed: Schema.String,
}) {
  override get message() {
    return `${this.variable}=${JSON.stringify(this.value)} cannot be used: ${this.allowed}`
  }
}

export interface SettingsValues {
  /** Each once. */
  readonly transports: ReadonlyArray<TransportName>
  /** Ports to ask where the system does not tell which ones are listened on. */
  readonly localPorts: ReadonlyArray<number>
  /** Which hosts found by mDNS may be sent the password: names or addresses, `*` standing for anything. */
  readonly mdnsAllow: ReadonlyArray<string>
  /** Ports to ask on every peer of the tailnet. */
  readonly tailscalePorts: ReadonlyArray<number>
  /** Peers with this tag count as well as the user's own; with `tag:` in front, as Tailscale writes it. */
  readonly tailscaleTag: string | undefined
  /** Absolute path of the directory of registration files. */
  readonly relayDirectory: string
  /** The pause between the end of a refresh and the next one. */
  readonly refreshEvery: Duration.Duration
  /** How long one probe may take. */
  readonly probeTimeout: Duration.Duration
  /** How long `send_message` may wait where the client follows its progress. */
  readonly sendTimeout: Duration.Duration
  /** None where no password is set. */
  readonly credentials: Credentials | undefined
  readonly logLevel: LogLevel.LogLevel
  /** What `connect` calls its instance; none where host and directory name it. */
  readonly instanceName: string | undefined
  /** The command line, as one would type it, that gives a shell on the relay; none where there is no relay. */
  readonly relayCommand: string | undefined
  /** The relay directory on the relay, as its shell resolves it; none for that machine's default. */
  readonly relayRemoteDirectory: string | undefined
  /** Absolute path of the directory of logs and notes. */
  readonly stateDirectory: string
}

/** The settings that are a duration. */
type DurationSetting = "refreshEvery" | "probeTimeout" | "sendTimeout"

/** Settings as a program gives them: only the relay directory has no default. */
export type SettingsInput = Pick<SettingsValues, "relayDirectory"> &
  Partial<Omit<SettingsValues, DurationSetting>> &
  Partial<Record<DurationSetting, Duration.Input>>

const defaults: Omit<SettingsValues, "relayDirectory" | "stateDirectory"> = {
  transports: ["local-relay"],
  localPorts: defaultLocalPorts,
  mdnsAllow: [],
  tailscalePorts: defaultTailscalePorts,
  tailscaleTag: undefined,
  refreshEvery: Duration.seconds(30),
  probeTimeout: defaultProbeTimeout,
  sendTimeout: Duration.minutes(5),
  credentials: undefined,
  logLevel: "Info",
  instanceName: undefined,
  relayCommand: undefined,
  relayRemoteDirectory: undefined,
}

/** The variable's value. An empty one counts as unset: MCP clients pass on empty strings for what a user left out. */
const variable = (name: string) => Config.option(Config.String(name))

const parsed = <A>(
  name: string,
  allowed: string,
  parse: (value: string) => Option.Option<A>,
  shown: (value: string) => string = (value) => value,
) =>
  Effect.flatMap(
    variable(name),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (value) =>
        Option.match(parse(value), {
          onNone: () => Effect.fail(new SettingsError({ variable: name, value: shown(value), allowed })),
          onSome: Effect.succeedSome,
        }),
    }),
  )

const milliseconds = (name: string, fallback: Duration.Duration, minimum: number, maximum: number) =>
  parsed(
    name,
    `it takes a whole number of milliseconds from ${minimum} to ${maximum} (default ${Duration.toMillis(fallback)})`,
    (value) =>
      /^\d{1,12}$/u.test(value) && Number(value) >= minimum && Number(value) <= maximum
        ? Option.some(Duration.millis(Number(value)))
        : Option.none(),
  ).pipe(Effect.map(Option.getOrElse(() => fallback)))

/** The parts between the commas, each once. */
const parts = (value: string): ReadonlyArray<string> => [...new Set(value.split(",").map((part) => part.trim()))]

const transport = parsed("TRANSPORT", `it takes a comma-separated list of: ${transportNames.join(", ")}`, (value) =>
  Option.all(parts(value).map((name) => Option.liftPredicate(name, isTransportName))),
).pipe(Effect.map(Option.getOrElse(() => defaults.transports)))

/** `4096`, or `4096-4111` for several in a row. */
const shownRange = (ports: ReadonlyArray<number>) => [...new Set([ports.at(0), ports.at(-1)])].join("-")

const ports = (name: string, fallback: ReadonlyArray<number>) =>
  parsed(
    name,
    `it takes ports and ranges of them such as 4096,4100-4110, ${mostPorts} at the most (default ${shownRange(fallback)})`,
    (value) => portsOf(parts(value)),
  ).pipe(Effect.map(Option.getOrElse(() => fallback)))

/** Of a name, an address, or an address and a port. */
const namePattern = /^[\p{L}\p{N}._*:-]+$/u

const mdnsAllow = parsed(
  "MDNS_ALLOW",
  "it takes a comma-separated list of names and addresses, * standing for anything, such as build.local,192.168.1.*",
  (value) => Option.liftPredicate(parts(value), (patterns) => patterns.every((pattern) => namePattern.test(pattern))),
).pipe(Effect.map(Option.getOrElse((): ReadonlyArray<string> => [])))

const tailscaleTag = parsed("TAILSCALE_TAG", "it takes one tag of the tailnet, such as tag:dev", (value) => {
  const [, tag] = /^(?:tag:)?([A-Za-z][A-Za-z0-9-]*)$/u.exec(value.trim()) ?? []
  return Option.map(Option.fromUndefinedOr(tag), (tag) => `tag:${tag}`)
}).pipe(Effect.map(Option.getOrUndefined))

const logLevel = parsed(
  "LOG_LEVEL",
  `it takes one of: ${LogLevel.values.map((level) => level.toLowerCase()).join(", ")} (default info)`,
  (value) => Option.fromUndefinedOr(LogLevel.values.find((level) => level.toLowerCase() === value.toLowerCase())),
).pipe(Effect.map(Option.getOrElse((): LogLevel.LogLevel => "Info")))

const home = Effect.flatMap(
  Effect.map(Effect.all([variable("HOME"), variable("USERPROFILE")]), Option.firstSomeOf),
  Option.match({
    onSome: Effect.succeed,
    onNone: () =>
      Effect.fail(
        new SettingsError({
          variable: "HOME",
          value: "",
          allowed: "it has to name the home directory, or RELAY_REGISTRY_DIR an absolute path",
        }),
      ),
  }),
)

/** One of the XDG Base Directories. A relative path is invalid there and to be ignored, says the specification. */
const baseDirectory = Effect.fnUntraced(function* (name: string, ...inHome: ReadonlyArray<string>) {
  const path = yield* Path.Path
  const chosen = Option.filter(yield* variable(name), (value) => path.isAbsolute(value))
  return Option.isSome(chosen) ? chosen.value : path.join(yield* home, ...inHome)
})

const relayDirectory = Effect.gen(function* () {
  const path = yield* Path.Path
  const chosen = yield* parsed("RELAY_REGISTRY_DIR", "a path cannot hold a NUL character", (value) =>
    value.includes("\0") ? Option.none() : Option.some(value),
  )
  if (Option.isSome(chosen)) {
    return /^~(?=$|[/\\])/u.test(chosen.value)
      ? path.join(yield* home, chosen.value.slice(1))
      : path.resolve(chosen.value)
  }
  return path.join(yield* baseDirectory("XDG_DATA_HOME", ".local", "share"), "opencode-relay")
})

/** Who has no home, and needs none for the relay directory, keeps it there. */
const stateDirectory = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(yield* baseDirectory("XDG_STATE_HOME", ".local", "state"), "opencode-fleet")
}).pipe(
  Effect.catchTag("SettingsError", () =>
    Effect.flatMap(Path.Path, (path) => Effect.map(relayDirectory, (directory) => path.join(directory, ".state"))),
  ),
)

/** Text that goes into a file or to a shell, where a line is all that it may be. */
const oneLine = (name: string, allowed: string) =>
  parsed(name, allowed, (value) =>
    /[\0\n\r]/u.test(value) || value.trim() === "" ? Option.none() : Option.some(value),
  ).pipe(Effect.map(Option.getOrUndefined))

const credentials = Effect.gen(function* () {
  const password = yield* Config.option(Config.Redacted("OPENCODE_SERVER_PASSWORD"))
  const username = yield* parsed(
    "OPENCODE_SERVER_USERNAME",
    'a user name of HTTP Basic cannot hold a ":"',
    (value) => (value.includes(":") ? Option.none() : Option.some(value)),
    // What stands behind it may be a password that was put in the wrong place.
    (value) => value.replace(/:.*/su, ":…"),
  )
  return Option.match(
    Option.filter(password, (secret) => Redacted.value(secret) !== ""),
    {
      onNone: () => undefined,
      onSome: (password): Credentials => ({ username: Option.getOrElse(username, () => "opencode"), password }),
    },
  )
})

export class Settings extends Context.Service<Settings, SettingsValues>()("opencode-fleet/Settings") {
  /** Reads the environment variables, or the `ConfigProvider` that is provided instead. */
  static readonly fromEnvironment = Effect.all({
    transports: transport,
    localPorts: ports("LOCAL_PORTS", defaults.localPorts),
    mdnsAllow,
    tailscalePorts: ports("TAILSCALE_PORTS", defaults.tailscalePorts),
    tailscaleTag,
    relayDirectory,
    refreshEvery: milliseconds("DISCOVERY_INTERVAL_MS", defaults.refreshEvery, 100, 86_400_000),
    probeTimeout: milliseconds("HEALTH_CHECK_TIMEOUT_MS", defaults.probeTimeout, 10, 600_000),
    sendTimeout: milliseconds("SEND_TIMEOUT_MS", defaults.sendTimeout, 1000, 86_400_000),
    credentials,
    logLevel,
    instanceName: variable("INSTANCE_NAME").pipe(Effect.map(Option.getOrUndefined)),
    relayCommand: oneLine("RELAY_SSH_CMD", "it takes a command line such as: ssh me@relay"),
    relayRemoteDirectory: oneLine("RELAY_REMOTE_DIR", "it takes the path of a directory on the relay"),
    stateDirectory,
  })

  static readonly layer = Layer.effect(Settings, Settings.fromEnvironment)

  /** For embedders and tests: the defaults, except for what is given. */
  static readonly layerOf = ({ probeTimeout, refreshEvery, sendTimeout, ...values }: SettingsInput) =>
    Layer.succeed(Settings, {
      ...defaults,
      stateDirectory: `${values.relayDirectory}/.state`,
      ...values,
      refreshEvery: Duration.fromInputUnsafe(refreshEvery ?? defaults.refreshEvery),
      probeTimeout: Duration.fromInputUnsafe(probeTimeout ?? defaults.probeTimeout),
      sendTimeout: Duration.fromInputUnsafe(sendTimeout ?? defaults.sendTimeout),
    })
}
