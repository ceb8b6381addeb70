import { inspect } from "node:util"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer, Logger, Path, Redacted, Struct } from "effect"
import { AccountHome } from "../src/machine/AccountHome.ts"
import { Settings, SettingsError } from "../src/Settings.ts"
import { variable } from "../src/settings/variable.ts"
import { variables } from "../src/settings/variables.ts"

const home = "/home/ada"

const names = Struct.keys(variables)

const from = (provider: ConfigProvider.ConfigProvider) =>
  Settings.pipe(
    Effect.provide(Settings.layer.pipe(Layer.provide([NodeServices.layer, ConfigProvider.layer(provider)]))),
  )

/** The settings of an environment with these variables and a home directory, unless HOME is given. */
const settings = (variables: Record<string, string>, environment: Record<string, string> = { HOME: home }) =>
  from(ConfigProvider.fromUnknown({ ...environment, ...variables }))

/** The error about a value that cannot be used. */
const refusal = (variables: Record<string, string>, environment?: Record<string, string>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(settings(variables, environment))
    assert.instanceOf(error, SettingsError)
    assert.notMatch(error.message, /[\r\n]/u)
    return error
  })

/** The error of any variable that a program reads, even if `Settings` does not. */
const refused = (values: Record<string, string>) =>
  Effect.gen(function* () {
    const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ HOME: home, ...values }))
    const [name] = Object.keys(values)
    const read = Effect.forEach(
      names.filter((each) => each === name),
      variable,
    )
    const error = yield* Effect.flip(Effect.provide(read, provider))
    if (!(error instanceof SettingsError)) return yield* Effect.die(error)
    // Each variable that `Settings` reads ends the program.
    const { use } = variables[names.find((each) => each === name) ?? "HOME"]
    if (use !== "machine" && name !== "OTEL_EXPORTER_OTLP_ENDPOINT") {
      assert.deepStrictEqual(yield* refusal(values), error)
    }
    return error
  })

const milliseconds = [
  { variable: "DISCOVERY_INTERVAL_MS", key: "refreshEvery", minimum: 100, maximum: 86_400_000 },
  { variable: "HEALTH_CHECK_TIMEOUT_MS", key: "probeTimeout", minimum: 10, maximum: 600_000 },
  { variable: "SEND_TIMEOUT_MS", key: "sendTimeout", minimum: 1000, maximum: 86_400_000 },
] as const

const notMilliseconds = [
  "soon",
  "-1",
  "-5000",
  "0",
  "1",
  "1e3",
  "1e9",
  "0x1000",
  "3.5",
  "+5000",
  "5000ms",
  "5_000",
  "5,000",
  "NaN",
  "Infinity",
  " 5000",
  "5000 ",
  " ",
  "\t",
  "٥٠٠٠",
  "9".repeat(12),
  "9".repeat(400),
]

describe("Settings", () => {
  it.effect("have the documented defaults in an empty environment", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* settings({}), {
        transports: ["local-relay", "service"],
        localPorts: Array.from({ length: 16 }, (_, index) => 4096 + index),
        mdnsAllow: [],
        sshHosts: [],
        tailscalePorts: [4096, 49_374],
        tailscaleTag: undefined,
        databaseUrl: undefined,
        databaseAllow: [],
        relayDirectory: "/home/ada/.local/share/opencode-relay",
        relayDirectoryMayBeMissing: true,
        serviceDirectory: "/home/ada/.local/state/opencode",
        refreshEvery: Duration.seconds(30),
        probeTimeout: Duration.seconds(3),
        sendTimeout: Duration.seconds(280),
        maxAnswerChars: 9000,
        credentials: undefined,
        logLevel: "Info",
        instanceName: undefined,
        relayCommand: undefined,
        relayRemoteDirectory: undefined,
        webhookSecret: undefined,
        ntfyToken: undefined,
        stateDirectory: "/home/ada/.local/state/opencode-fleet",
      })
    }),
  )

  it.effect("treat an empty variable as unset", () =>
    Effect.gen(function* () {
      const names = [
        ...milliseconds.map(({ variable }) => variable),
        "TRANSPORT",
        "LOCAL_PORTS",
        "MDNS_ALLOW",
        "TAILSCALE_PORTS",
        "TAILSCALE_TAG",
        "DATABASE_URL",
        "DATABASE_ALLOW",
        "RELAY_REGISTRY_DIR",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "LOG_LEVEL",
        "INSTANCE_NAME",
        "RELAY_SSH_CMD",
        "RELAY_REMOTE_DIR",
        "OPENCODE_SERVER_PASSWORD",
        "OPENCODE_SERVER_USERNAME",
      ]
      const empty = Object.fromEntries(names.map((name) => [name, ""]))
      const defaults = yield* settings({})
      assert.deepStrictEqual(yield* settings(empty), defaults)
      assert.deepStrictEqual(yield* from(ConfigProvider.fromEnv({ env: { HOME: home, ...empty } })), defaults)
    }),
  )

  describe.each(names)("a placeholder that was not filled in is refused in %s", (variable) => {
    const { content } = variables[variable]

    it.effect.each([
      "${user_config.value}",
      "${input:value}",
      "${env:OPENCODE_X}",
      "${}",
      " ${user_config.value} ",
      "%OPENCODE_X%",
      "{{OPENCODE_X}}",
      "<value>",
    ])("%j", (placeholder) =>
      Effect.gen(function* () {
        const error = yield* refused({ [variable]: placeholder })
        assert.strictEqual(error.variable, variable)
        assert.include(error.message, "placeholder")
        if (content !== "secret") assert.include(error.message, placeholder.trim())
      }),
    )

    it.effect.each(
      content === "secret"
        ? ["$OPENCODE_X", "{env:OPENCODE_X}", "$PASSWORD"]
        : content === "command"
          ? ["ssh ${env:USER}@relay", "ssh ${user_config.relay}"]
          : [
              "${HOME}/relay",
              "/home/${USER}/relay",
              "%USERPROFILE%\\relay",
              "$HOME/x",
              "$HOME",
              "a,${X}",
              "{env:X}/relay",
            ],
    )("%j", (placeholder) =>
      Effect.gen(function* () {
        const error = yield* refused({ [variable]: placeholder })
        assert.strictEqual(error.variable, variable)
        assert.include(error.message, "placeholder")
      }),
    )
  })

  it.effect.each(["${PASSWORD:-hunter2-Zk9}", "<hunter2-Zk9>", "%hunter2%", "{{hunter2}}", "${hunter2}"])(
    "refuse the password %j without showing what may be a real one",
    (password) =>
      Effect.gen(function* () {
        const { message } = yield* refusal({ OPENCODE_SERVER_PASSWORD: password })
        assert.include(message, "placeholder")
        assert.notInclude(message, "hunter2")
      }),
  )

  it.effect("show the name of a placeholder for the password", () =>
    Effect.gen(function* () {
      for (const placeholder of ["${OPENCODE_SERVER_PASSWORD}", "${env:OPENCODE_SERVER_PASSWORD}", "${input:pw}"]) {
        assert.include((yield* refusal({ OPENCODE_SERVER_PASSWORD: placeholder })).message, placeholder)
      }
    }),
  )

  it.effect("accept what only resembles a placeholder", () =>
    Effect.gen(function* () {
      for (const password of ["$ecret", "$ECRET", "50%", "%x", "a<b>c", "{}", "$1_000", "pa$$word", "p%20q%20"]) {
        const { credentials } = yield* settings({ OPENCODE_SERVER_PASSWORD: password })
        assert.strictEqual(credentials && Redacted.value(credentials.password), password)
      }
      for (const command of [
        "ssh -F $HOME/.ssh/fleet relay",
        "${RELAY_WRAPPER:-ssh} relay",
        "ssh -o ProxyCommand='nc %h %p' relay",
      ]) {
        assert.strictEqual((yield* settings({ RELAY_SSH_CMD: command })).relayCommand, command)
      }
      assert.strictEqual((yield* settings({ INSTANCE_NAME: "box $5 100%s" })).instanceName, "box $5 100%s")
    }),
  )

  it.effect("accept a password that contains a placeholder", () =>
    Effect.gen(function* () {
      const { credentials } = yield* settings({ OPENCODE_SERVER_PASSWORD: "a${b}" })
      assert.strictEqual(credentials && Redacted.value(credentials.password), "a${b}")
    }),
  )

  it.effect("are read from real environment variables, with underscores", () =>
    Effect.gen(function* () {
      const env = {
        HOME: home,
        TRANSPORT: "mdns, local-relay,mdns",
        LOCAL_PORTS: "5000-5002,80",
        MDNS_ALLOW: "build.local,192.168.1.*",
        SSH_HOSTS: "box, me@build,gpu-*,!gpu-3",
        TAILSCALE_PORTS: "4096, 4100",
        TAILSCALE_TAG: "dev",
        DATABASE_URL: "postgresql://fleet@db.example.com/fleet",
        DATABASE_ALLOW: "*.lan",
        RELAY_REGISTRY_DIR: "/srv/relay",
        DISCOVERY_INTERVAL_MS: "1000",
        HEALTH_CHECK_TIMEOUT_MS: "500",
        SEND_TIMEOUT_MS: "60000",
        MAX_ANSWER_CHARS: "4000",
        LOG_LEVEL: "debug",
        INSTANCE_NAME: "my build box",
        RELAY_SSH_CMD: "ssh -J bastion me@relay",
        RELAY_REMOTE_DIR: "~/relay",
        XDG_STATE_HOME: "/srv/state",
      }
      assert.deepStrictEqual(yield* from(ConfigProvider.fromEnv({ env })), {
        transports: ["mdns", "local-relay", "ssh", "postgres"],
        sshHosts: ["box", "me@build", "gpu-*", "!gpu-3"],
        localPorts: [5000, 5001, 5002, 80],
        mdnsAllow: ["build.local", "192.168.1.*"],
        tailscalePorts: [4096, 4100],
        tailscaleTag: "tag:dev",
        databaseUrl: Redacted.make("postgresql://fleet@db.example.com/fleet"),
        databaseAllow: ["*.lan"],
        relayDirectory: "/srv/relay",
        relayDirectoryMayBeMissing: false,
        serviceDirectory: "/srv/state/opencode",
        refreshEvery: Duration.millis(1000),
        probeTimeout: Duration.millis(500),
        sendTimeout: Duration.millis(60_000),
        maxAnswerChars: 4000,
        credentials: undefined,
        logLevel: "Debug",
        instanceName: "my build box",
        relayCommand: "ssh -J bastion me@relay",
        relayRemoteDirectory: "~/relay",
        webhookSecret: undefined,
        ntfyToken: undefined,
        stateDirectory: "/srv/state/opencode-fleet",
      })
    }),
  )

  describe.each(milliseconds)("$variable", ({ key, maximum, minimum, variable }) => {
    it.effect.each(notMilliseconds)("%j is refused with a line that says what it takes", (value) =>
      Effect.gen(function* () {
        const error = yield* refusal({ [variable]: value })
        assert.deepInclude(error, { variable, value })
        for (const part of [variable, JSON.stringify(value), `from ${minimum} to ${maximum}`, "default"]) {
          assert.include(error.message, part)
        }
      }),
    )

    it.effect("accepts exactly the values within its limits", () =>
      Effect.gen(function* () {
        for (const value of [minimum, maximum]) {
          assert.strictEqual(Duration.toMillis((yield* settings({ [variable]: String(value) }))[key]), value)
        }
        for (const value of [minimum - 1, maximum + 1]) yield* refusal({ [variable]: String(value) })
      }),
    )
  })

  describe("TRANSPORT", () => {
    it.effect("may name a transport twice, with spaces", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* settings({ TRANSPORT: " local-relay , local-relay" })).transports, [
          "local-relay",
        ])
      }),
    )

    it.effect.each([
      "carrier-pigeon",
      "local-relay,carrier-pigeon",
      "local-relay,",
      "Local-Relay",
      "local-relay;x",
      "toString",
    ])("%j is refused by a line that lists the known words", (value) =>
      Effect.gen(function* () {
        const error = yield* refusal({ TRANSPORT: value })
        assert.deepInclude(error, { variable: "TRANSPORT", value })
        assert.include(error.message, "comma-separated list of: local-relay")
      }),
    )
  })

  describe.each([
    { variable: "LOCAL_PORTS", key: "localPorts", fallback: "4096-4111" },
    { variable: "TAILSCALE_PORTS", key: "tailscalePorts", fallback: "4096,49374" },
  ] as const)("$variable", ({ fallback, key, variable }) => {
    it.effect.each([
      ["1,65535", [1, 65_535]],
      ["4097 , 4096-4098,4096", [4097, 4096, 4098]],
      ["4100-4100", [4100]],
    ] as const)("%j", ([value, expected]) =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* settings({ [variable]: value }))[key], expected)
      }),
    )

    it.effect("takes at most 256 distinct ports", () =>
      Effect.gen(function* () {
        assert.lengthOf((yield* settings({ [variable]: "1001-1256,1001-1256" }))[key], 256)
        yield* refusal({ [variable]: "1001-1256,1000" })
        yield* refusal({ [variable]: "1-65535" })
      }),
    )

    it.effect.each([
      "0",
      "65536",
      "4096-65536",
      "4100-4099",
      "4096,",
      "-4096",
      "4096-",
      "1-2-3",
      "http",
      "0x1000",
      "4 096",
    ])("%j is refused with a line that says what it takes", (value) =>
      Effect.gen(function* () {
        const error = yield* refusal({ [variable]: value })
        assert.deepInclude(error, { variable, value })
        assert.include(error.message, `default ${fallback}`)
      }),
    )
  })

  describe("MDNS_ALLOW", () => {
    it.effect.each(["build local", "build.local,", "build.local,a\tb"])("%j is refused", (value) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* refusal({ MDNS_ALLOW: value }), { variable: "MDNS_ALLOW", value })
      }),
    )
  })

  describe("TAILSCALE_TAG", () => {
    it.effect.each(["dev", "tag:dev", " tag:dev "])("%j is the tag as Tailscale writes it", (value) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* settings({ TAILSCALE_TAG: value })).tailscaleTag, "tag:dev")
      }),
    )

    it.effect.each(["tag:", "dev,build", "tag:tag:dev", "1st", "a b", "Tag:dev"])("%j is refused", (value) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* refusal({ TAILSCALE_TAG: value }), { variable: "TAILSCALE_TAG", value })
      }),
    )
  })

  it.effect("have the same defaults for programs that embed the library", () =>
    Effect.gen(function* () {
      const { relayDirectory, serviceDirectory, stateDirectory, ...defaults } = yield* settings({})
      const given = yield* Effect.provide(
        Settings,
        Settings.layerOf({ relayDirectory, serviceDirectory, stateDirectory }),
      )
      // The program names its directory.
      const named = { relayDirectory, relayDirectoryMayBeMissing: false, serviceDirectory, stateDirectory }
      assert.deepStrictEqual(given, { ...defaults, ...named })
    }),
  )

  describe("LOG_LEVEL", () => {
    it.effect("ignores case", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* settings({ LOG_LEVEL: "wArN" })).logLevel, "Warn")
      }),
    )

    it.effect("an unknown level is refused with a line that lists the known ones", () =>
      Effect.gen(function* () {
        const { message } = yield* refusal({ LOG_LEVEL: "chatty" })
        for (const known of ["trace", "debug", "info", "warn", "error"]) assert.include(message, known)
      }),
    )
  })

  describe("RELAY_REGISTRY_DIR", () => {
    it.effect.each([
      ["~", home],
      ["~/relay", `${home}/relay`],
      ["/srv/../srv/relay", "/srv/relay"],
    ] as const)("%j", ([value, expected]) =>
      Effect.gen(function* () {
        const { relayDirectory } = yield* settings({ RELAY_REGISTRY_DIR: value })
        assert.strictEqual(relayDirectory, expected)
      }),
    )

    // An MCP client starts the server in a directory of its own. Only a shell knows the homes of others.
    it.effect.each([
      "relay",
      "./relay",
      "../relay",
      ".",
      "~bob/relay",
      "relay/~",
      "/srv/relay ",
      " /srv/relay",
      "/srv/relay\n",
    ])("%j is refused by a line that says what it takes", (value) =>
      Effect.gen(function* () {
        const error = yield* refusal({ RELAY_REGISTRY_DIR: value })
        assert.deepInclude(error, { variable: "RELAY_REGISTRY_DIR", value })
        assert.include(error.message, "absolute path")
      }),
    )

    it.effect("takes precedence over XDG_DATA_HOME, which takes precedence over the home directory", () =>
      Effect.gen(function* () {
        const data = { XDG_DATA_HOME: "/data" }
        assert.strictEqual((yield* settings(data)).relayDirectory, "/data/opencode-relay")
        assert.strictEqual((yield* settings({ ...data, RELAY_REGISTRY_DIR: "/relay" })).relayDirectory, "/relay")
      }),
    )

    it.effect("is absolute, because a relative XDG_DATA_HOME is ignored as its specification says", () =>
      Effect.gen(function* () {
        const path = yield* Path.Path
        const { relayDirectory } = yield* settings({ XDG_DATA_HOME: "data" })
        assert.isTrue(path.isAbsolute(relayDirectory), relayDirectory)
        assert.strictEqual(relayDirectory, "/home/ada/.local/share/opencode-relay")
      }).pipe(Effect.provide(NodeServices.layer)),
    )

    it.effect("with a NUL character is refused", () =>
      Effect.gen(function* () {
        assert.include((yield* refusal({ RELAY_REGISTRY_DIR: "/srv/\0relay" })).message, "RELAY_REGISTRY_DIR")
      }),
    )

    it.effect("is required only without a home directory, and the error says so", () =>
      Effect.gen(function* () {
        for (const missing of [{}, { HOME: "" }, { RELAY_REGISTRY_DIR: "~/relay" }]) {
          const error = yield* Effect.provideService(refusal(missing, {}), AccountHome, undefined)
          assert.strictEqual(error.variable, "HOME")
          assert.include(error.message, "RELAY_REGISTRY_DIR to an absolute path")
        }
        assert.strictEqual((yield* settings({ RELAY_REGISTRY_DIR: "/relay" }, {})).relayDirectory, "/relay")
        assert.strictEqual((yield* settings({ XDG_DATA_HOME: "/d" }, {})).relayDirectory, "/d/opencode-relay")
        assert.strictEqual(
          (yield* settings({ RELAY_REGISTRY_DIR: "~/r" }, { USERPROFILE: "/u" })).relayDirectory,
          "/u/r",
        )
      }),
    )

    it.effect("is in the account's home directory without HOME, also with an empty one", () =>
      Effect.gen(function* () {
        for (const environment of [{}, { HOME: "" }, { HOME: "", USERPROFILE: "" }]) {
          const read = yield* Effect.provideService(settings({}, environment), AccountHome, "/home/account")
          assert.strictEqual(read.relayDirectory, "/home/account/.local/share/opencode-relay")
          assert.strictEqual(read.stateDirectory, "/home/account/.local/state/opencode-fleet")
          assert.strictEqual(read.serviceDirectory, "/home/account/.local/state/opencode")
        }
      }),
    )

    it.effect("is not in the working directory if HOME is relative", () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* refusal({}, { HOME: "ada" }), { variable: "HOME", value: "ada" })
      }),
    )
  })

  describe("RELAY_REMOTE_DIR", () => {
    it.effect.each(["/srv/relay", "~", "~/my relay"])("%j", (value) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* settings({ RELAY_REMOTE_DIR: value })).relayRemoteDirectory, value)
      }),
    )

    it.effect.each(["relay", "~bob/relay", "C:\\relay", "/srv/relay ", "/srv\nrelay", " "])("%j is refused", (value) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* refusal({ RELAY_REMOTE_DIR: value }), { variable: "RELAY_REMOTE_DIR", value })
      }),
    )
  })

  describe("DATABASE_URL", () => {
    it.effect.each([
      "fleet",
      "mysql://fleet:hunter2@db/fleet",
      "postgres//fleet:hunter2@db",
      "postgresql://fleet:hunter2@:a/b",
    ])("%j is refused without being shown", (value) =>
      Effect.gen(function* () {
        const error = yield* refusal({ DATABASE_URL: value })
        assert.include(error.message, "PostgreSQL")
        assert.notInclude(error.message + inspect(error, { depth: 10 }) + JSON.stringify(error), "hunter2")
      }),
    )

    it.effect("enables the transport postgres, which needs it", () =>
      Effect.gen(function* () {
        const { transports } = yield* settings({ DATABASE_URL: "postgres://db/fleet" })
        assert.deepStrictEqual(transports, ["local-relay", "service", "postgres"])
        const listed = { TRANSPORT: "postgres,ssh", SSH_HOSTS: "box", DATABASE_URL: "postgres://db/fleet" }
        assert.deepStrictEqual((yield* settings(listed)).transports, ["postgres", "ssh"])
        assert.deepInclude(yield* refusal({ TRANSPORT: "postgres" }), { variable: "DATABASE_URL" })
      }),
    )

    it.effect("appears in no form of the settings that could reach a log", () =>
      Effect.gen(function* () {
        const read = yield* settings({ DATABASE_URL: "postgresql://fleet:hunter2@db/fleet" })
        assert.isDefined(read.databaseUrl)
        for (const form of [JSON.stringify(read), inspect(read, { depth: 10 })]) assert.notInclude(form, "hunter2")
      }),
    )
  })

  describe("OPENCODE_SERVER_PASSWORD", () => {
    const secret = "hunter2-Zk9"

    it.effect("has the user name opencode unless another is set", () =>
      Effect.gen(function* () {
        const plain = yield* settings({ OPENCODE_SERVER_PASSWORD: secret })
        assert.strictEqual(plain.credentials?.username, "opencode")
        assert.strictEqual(plain.credentials === undefined ? "" : Redacted.value(plain.credentials.password), secret)
        const named = yield* settings({ OPENCODE_SERVER_PASSWORD: secret, OPENCODE_SERVER_USERNAME: "ada" })
        assert.strictEqual(named.credentials?.username, "ada")
      }),
    )

    it.effect("is kept unchanged, with spaces and colons", () =>
      Effect.gen(function* () {
        const password = "  pass:word é "
        const { credentials } = yield* settings({ OPENCODE_SERVER_PASSWORD: password })
        assert.strictEqual(credentials === undefined ? "" : Redacted.value(credentials.password), password)
      }),
    )

    it.effect("with white space around it is reported, without being shown", () =>
      Effect.gen(function* () {
        for (const password of [secret, ` ${secret}`, `${secret}\n`, `\t${secret}`]) {
          const logged: Array<unknown> = []
          const logger = Logger.layer([Logger.make(({ message }) => void logged.push(message))])
          yield* Effect.provide(settings({ OPENCODE_SERVER_PASSWORD: password }), logger)
          assert.strictEqual(JSON.stringify(logged).includes("white space"), password !== secret)
          assert.notInclude(JSON.stringify(logged), secret)
        }
      }),
    )

    it.effect("without a password there are no credentials, whatever the user name", () =>
      Effect.gen(function* () {
        assert.isUndefined((yield* settings({ OPENCODE_SERVER_USERNAME: "ada" })).credentials)
      }),
    )

    it.effect("appears in no form of the settings that could reach a log", () =>
      Effect.gen(function* () {
        const read = yield* settings({ OPENCODE_SERVER_PASSWORD: secret })
        assert.isDefined(read.credentials)
        const forms = [JSON.stringify(read), inspect(read, { depth: 10 }), `${read.credentials?.password}`, `${read}`]
        for (const form of forms) assert.notInclude(form, secret)
      }),
    )

    it.effect("appears in no error about another variable", () =>
      Effect.gen(function* () {
        for (const [name, value] of [
          ["TRANSPORT", "x"],
          ["LOG_LEVEL", "x"],
          ["SEND_TIMEOUT_MS", "x"],
          ["MAX_ANSWER_CHARS", "3999"],
          ["OPENCODE_SERVER_USERNAME", "x:"],
        ] as const) {
          const error = yield* refusal({ OPENCODE_SERVER_PASSWORD: secret, [name]: value })
          assert.notInclude(error.message + inspect(error, { depth: 10 }) + JSON.stringify(error), secret)
        }
      }),
    )

    it.effect("does not appear either if OPENCODE_SERVER_USERNAME holds user:password", () =>
      Effect.gen(function* () {
        const error = yield* refusal({ OPENCODE_SERVER_USERNAME: `opencode:${secret}` })
        assert.include(error.message, "OPENCODE_SERVER_USERNAME")
        assert.include(error.message, 'cannot contain a ":"')
        assert.notInclude(error.message + inspect(error, { depth: 10 }) + JSON.stringify(error), secret)
      }),
    )
  })
})
