/** The checks of `doctor`, except that of the relay connection. */
import { assert, describe, it, layer } from "@effect/vitest"
import { NodeServices } from "@effect/platform-node"
import { ConfigProvider, Effect, FileSystem, Layer, PlatformError, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Announcement, Problem, TransportReport } from "../../../../src/discovery/Discovery.ts"
import { Fleet } from "../../../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../../../src/fleet/HealthCheck.ts"
import { Identification } from "../../../../src/discovery/identification/Identification.ts"
import { LocalMachine } from "../../../../src/machine/LocalMachine.ts"
import { Discovery } from "../../../../src/discovery/Discovery.ts"
import { claimsIn, SessionClaims } from "../../../../src/machine/SessionClaims.ts"
import type { ConnectState } from "../../../../src/discovery/relay/Registration.ts"
import * as OpencodeV1 from "../../../../src/opencode/v1/OpencodeV1.ts"
import { Settings, type SettingsValues } from "../../../../src/Settings.ts"
import type { Check, FleetServices, Observation } from "../../../../src/cli/doctor/Check.ts"
import { claims } from "../../../../src/cli/doctor/checks/claims.ts"
import { connects } from "../../../../src/cli/doctor/checks/connects.ts"
import { instances } from "../../../../src/cli/doctor/checks/instances.ts"
import { duplicateNames } from "../../../../src/cli/doctor/checks/duplicateNames.ts"
import { judgeNode } from "../../../../src/cli/doctor/checks/nodeVersion.ts"
import { opencodeCommand } from "../../../../src/cli/doctor/checks/opencodeCommand.ts"
import { openInstances } from "../../../../src/cli/doctor/checks/openInstances.ts"
import { registrations } from "../../../../src/cli/doctor/checks/registrations.ts"
import { relayDirectory } from "../../../../src/cli/doctor/checks/relayDirectory.ts"
import { settings as settingsCheck } from "../../../../src/cli/doctor/checks/settings.ts"
import { transports } from "../../../../src/cli/doctor/checks/transports.ts"
import { announcement } from "../../../discovery/announcements.ts"
import { type Answer, broken, httpLayer, json, online } from "../../../discovery/http.ts"
import { credentials, makeRelay } from "../../../discovery/relay/relay.ts"

const states = (observations: ReadonlyArray<Observation>) => observations.map(({ state }) => state)

const only = <R>(check: Check<R>) =>
  Effect.map(check.run, ([found, ...others]) => {
    assert.lengthOf(others, 0)
    if (found === undefined) throw new Error(`${check.name} found nothing`)
    return found
  })

interface Situation {
  readonly announcements?: ReadonlyArray<Announcement>
  readonly problems?: ReadonlyArray<Problem>
  readonly reports?: ReadonlyArray<TransportReport>
  readonly answer?: Answer
  readonly settings?: Partial<SettingsValues>
}

/** Runs a check over a fleet of these announcements, each asked through `answer`. */
const runOver = (check: Check<FleetServices>, situation: Situation) => {
  const { announcements = [], answer = online, problems = [], reports = [], settings } = situation
  const scan = Effect.succeed({ announcements, problems, reports })
  return check.run.pipe(
    Effect.provide(
      Fleet.layer({ credentials: settings?.credentials }).pipe(
        Layer.provide([
          HealthCheck.layer({ credentials: settings?.credentials }),
          Identification.layer({ credentials: settings?.credentials }),
          Layer.succeed(Discovery, { scan, changes: Stream.empty }),
        ]),
        Layer.provideMerge(OpencodeV1.layer),
        Layer.provide(httpLayer(answer)),
        Layer.provideMerge(Settings.layerOf({ relayDirectory: "/relay", ...settings })),
        Layer.provideMerge(
          Layer.succeed(LocalMachine, {
            hostname: "here",
            isAlive: (pid) => pid === 1,
            birthOf: () => undefined,
            addresses: () => [],
          }),
        ),
      ),
    ),
  )
}

describe("Node", () => {
  it("must be at least as new as package.json requires", () => {
    assert.strictEqual(judgeNode("22.19.0").state, "ok")
    assert.strictEqual(judgeNode("24.0.0").state, "ok")
    assert.strictEqual(judgeNode("22.18.9").state, "problem")
    assert.strictEqual(judgeNode("9.99.0").state, "problem")
  })
})

const checkSettings = (env: Record<string, string>) =>
  Effect.provideService(
    only(settingsCheck),
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromEnv({ env: { HOME: "/home/me", ...env } }),
  )

layer(NodeServices.layer)("The settings", (it) => {
  it.effect("that are invalid are a problem that names the variable", () =>
    Effect.gen(function* () {
      const { message, state } = yield* checkSettings({ DISCOVERY_INTERVAL_MS: "soon" })
      assert.strictEqual(state, "problem")
      assert.include(message, "DISCOVERY_INTERVAL_MS")
    }),
  )

  it.effect("are shown without the password", () =>
    Effect.gen(function* () {
      const { message, state } = yield* checkSettings({ OPENCODE_SERVER_PASSWORD: "hunter2" })
      assert.strictEqual(state, "ok")
      assert.include(message, "/home/me/.local/share/opencode-relay")
      assert.notInclude(message, "hunter2")
    }),
  )
})

/** Runs the check with a PATH that holds only an `opencode` of these lines, or nothing. */
const withPath = (script?: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "path-" })
    if (script !== undefined) {
      yield* fs.writeFileString(`${directory}/opencode`, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const before = process.env["PATH"]
        process.env["PATH"] = directory
        return before
      }),
      (before) => Effect.sync(() => (process.env["PATH"] = before)),
    )
    return yield* only(opencodeCommand)
  }).pipe(Effect.scoped)

layer(NodeServices.layer, { excludeTestServices: true })("opencode", (it) => {
  it.effect("on the PATH is shown with its version", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* withPath("echo 1.18.33"), {
        state: "ok",
        message: "opencode 1.18.33 is on the PATH",
      })
    }),
  )

  it.effect("2 is shown with what that means", () =>
    Effect.gen(function* () {
      const { message, state } = yield* withPath("echo opencode v2.0.15")
      assert.strictEqual(state, "ok")
      assert.include(message, "opencode v2.0.15 is on the PATH: all directories share its background service")
    }),
  )

  it.effect("that is missing or prints nothing is a warning that says what needs it", () =>
    Effect.gen(function* () {
      const missing = yield* withPath()
      assert.strictEqual(missing.state, "warning")
      assert.include(missing.message, "not on the PATH")
      assert.include(missing.advice, "connect")
      assert.strictEqual((yield* withPath("exit 3")).state, "warning")
    }),
  )
})

const at = (directory: string, settings: Partial<SettingsValues> = {}) =>
  Effect.provide(only(relayDirectory), Settings.layerOf({ relayDirectory: directory, ...settings }))

const atBoth = (directory: string, stateDirectory: string) =>
  Effect.provide(relayDirectory.run, Settings.layerOf({ relayDirectory: directory, stateDirectory }))

layer(NodeServices.layer)("The relay directory", (it) => {
  it.effect("is ok if only its owner can write to it", () =>
    Effect.gen(function* () {
      const { directory } = yield* makeRelay
      assert.strictEqual((yield* at(directory, { credentials })).state, "ok")
    }),
  )

  it.effect("that others can write to is a warning, and a problem if a password is set", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* makeRelay
      yield* fs.chmod(directory, 0o777)
      const weak = yield* at(directory)
      assert.strictEqual(weak.state, "warning")
      assert.include(weak.message, "chmod go-w")
      assert.strictEqual((yield* at(directory, { credentials })).state, "problem")
    }),
  )

  it.effect("that is missing is a warning; a file in its place is a problem", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      assert.strictEqual((yield* at(relay.file("none"))).state, "warning")
      yield* relay.write("file", "")
      const file = yield* at(relay.file("file"))
      assert.strictEqual(file.state, "problem")
      assert.include(file.message, "is not a directory")
    }),
  )

  it.effect("that connect cannot write to is a problem, as is one that cannot be created, and that of its log", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const relay = yield* makeRelay
      /** As for a user who may write nowhere below these paths. */
      const readOnly = (...paths: ReadonlyArray<string>) =>
        Effect.provideService(FileSystem.FileSystem, {
          ...fs,
          access: (path, options) =>
            paths.includes(path)
              ? Effect.fail(
                  PlatformError.systemError({
                    _tag: "PermissionDenied",
                    module: "FileSystem",
                    method: "access",
                    description: "EACCES",
                  }),
                )
              : fs.access(path, options),
        })
      const { directory, parent } = relay
      const state = `${parent}/state/deep`

      const [readable, unwritable] = yield* atBoth(directory, state).pipe(readOnly(directory))
      assert.strictEqual(readable?.state, "ok")
      assert.strictEqual(unwritable?.state, "problem")
      assert.include(unwritable?.message, "cannot be written to, so `connect` fails")

      const missing = yield* atBoth(`${parent}/none/relay`, directory).pipe(readOnly(parent))
      assert.deepStrictEqual(states(missing), ["problem"])
      assert.include(missing[0]?.message, `cannot be created in ${parent}`)

      const [, log] = yield* atBoth(directory, state).pipe(readOnly(parent))
      assert.strictEqual(log?.state, "problem")
      assert.include(log?.advice, "XDG_STATE_HOME")
      assert.deepStrictEqual(states(yield* atBoth(directory, state)), ["ok"])
    }),
  )

  it.effect("is not read if no transport reads it", () =>
    Effect.gen(function* () {
      const settings = Settings.layerOf({ relayDirectory: "/none", transports: ["mdns"] })
      assert.deepStrictEqual(yield* Effect.provide(relayDirectory.run, settings), [])
    }),
  )
})

describe("A registration", () => {
  it.effect("that cannot be used is a problem; problems of the directory are left to its own check", () =>
    Effect.gen(function* () {
      const problems = [
        { source: "/relay/bad.json", reason: "is not a registration" },
        { source: "/relay", reason: "does not exist yet" },
      ]
      const found = yield* runOver(registrations, { problems })
      assert.deepStrictEqual(states(found), ["problem"])
      assert.include(found[0]?.message, "/relay/bad.json")
      assert.deepStrictEqual(yield* runOver(instances, { problems }), [])
      // Instances of other transports are still reported.
      const others = [announcement("api", 4096, { transport: "local-ports" })]
      assert.deepStrictEqual(states(yield* runOver(instances, { announcements: others, problems })), ["ok"])
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

describe("A transport", () => {
  const report = { scannedAt: 0, duration: 12, found: 3, problems: [] }
  const problem = { source: "tailscale", reason: "is not installed\u001B[31m" }
  const reports = [
    { ...report, transport: "mdns" },
    { ...report, transport: "tailscale", found: 0, problems: [problem] },
    { ...report, transport: "local-ports", problems: [{ source: "local-ports", reason: "asks a range" }] },
    { ...report, transport: "local-relay", problems: [{ source: "/relay/bad.json", reason: "is no registration" }] },
  ]
  const problems = reports.flatMap(({ problems }) => problems)

  it.effect("is shown with the result, age and duration of its last scan; its problems are reported", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("90 seconds")
      const found = yield* runOver(transports, { problems, reports })
      // A transport that has found instances despite a problem does not make doctor fail.
      assert.deepStrictEqual(states(found), ["ok", "problem", "warning", "ok"])
      assert.strictEqual(found[0]?.message, "mdns found 3 instances 1 min ago, in 12 ms")
      assert.include(found[1]?.message, "tailscale is not installed[31m")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.effect("has its problems reported once, not as problems of registrations", () =>
    Effect.gen(function* () {
      const found = yield* runOver(registrations, { problems, reports })
      assert.deepStrictEqual(
        found.map(({ message }) => message),
        ["/relay/bad.json is no registration"],
      )
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})

const strict: Answer = ({ headers }) =>
  headers["authorization"] === undefined
    ? Effect.sync(() => new Response(null, { status: 401 }))
    : Effect.sync(() => Response.json({ healthy: true, version: "1.18.33" }))

const refusing: Answer = () => Effect.sync(() => new Response(null, { status: 401 }))

layer(NodeServices.layer)("An instance", (it) => {
  const api = [announcement("api", 4096)]

  it.effect.each([
    ["is online", online, "ok", "1.18.33"],
    ["asks for a password", refusing, "problem", "asks for a password, and none is set"],
    ["is another program", json({ hello: "world" }), "problem", "not as opencode does"],
    ["is away", broken("ECONNREFUSED"), "warning", "ECONNREFUSED"],
  ] satisfies ReadonlyArray<[string, Answer, string, string]>)("that %s", ([, answer, state, part]) =>
    Effect.gen(function* () {
      const [found] = yield* runOver(instances, { announcements: api, answer })
      assert.strictEqual(found?.state, state)
      assert.include(found?.message, part)
      assert.strictEqual(found?.advice === undefined, state === "ok")
    }),
  )

  it.effect("that is an opencode without a health route is told to be updated, not that another program is there", () =>
    Effect.gen(function* () {
      const [found] = yield* runOver(instances, {
        announcements: [announcement("old", 4096)],
        answer: ({ url }) =>
          new URL(url).pathname === "/path"
            ? Effect.sync(() => Response.json({ directory: "/srv/shop" }))
            : Effect.sync(() => new Response("<!doctype html>", { headers: { "content-type": "text/html" } })),
      })
      assert.include(found?.message, "opencode is too old")
      assert.strictEqual(found?.advice, "Update that opencode to 1.1.53 or newer.")
    }),
  )

  it.effect("that asks for a password gets the advice to set it", () =>
    Effect.gen(function* () {
      const [found] = yield* runOver(instances, { announcements: api, answer: refusing })
      assert.include(found?.advice, "OPENCODE_SERVER_PASSWORD")
    }),
  )

  it.effect("from which the password is withheld is a warning, because it may belong to another user", () =>
    Effect.gen(function* () {
      const withheld = [announcement("api", 4096, { transport: "mdns", passwordWithheld: "anybody can announce" })]
      const [found] = yield* runOver(instances, { announcements: withheld, answer: strict, settings: { credentials } })
      assert.strictEqual(found?.state, "warning")
      for (const part of ["found by mdns", "anybody can announce"]) assert.include(found?.message, part)
      assert.notInclude(found?.advice, "OPENCODE_SERVER_PASSWORD")
    }),
  )

  it.effect.each([
    ["is away", broken("ECONNREFUSED"), "prune"],
    ["is another program", json({ hello: "world" }), "/relay/api-4096.json"],
  ] satisfies ReadonlyArray<[string, Answer, string]>)(
    "that %s gets advice about its registration only if it has one",
    ([, answer, part]) =>
      Effect.gen(function* () {
        const [registered] = yield* runOver(instances, { announcements: api, answer })
        assert.include(registered?.advice, part)
        const [found] = yield* runOver(instances, {
          announcements: [announcement("api", 4096, { transport: "mdns" })],
          answer,
        })
        assert.isDefined(found?.advice)
        assert.notInclude(found?.advice, part)
      }),
  )

  it.effect("that is missing is a warning that says how to start one", () =>
    Effect.gen(function* () {
      const [found] = yield* runOver(instances, {})
      assert.strictEqual(found?.state, "warning")
      assert.include(found?.advice, "connect")
    }),
  )

  it.effect("that answers without a password is a warning if one is set", () =>
    Effect.gen(function* () {
      const settings = { credentials }
      assert.deepStrictEqual(states(yield* runOver(openInstances, { announcements: api, answer: strict, settings })), [
        "ok",
      ])
      const open = yield* runOver(openInstances, { announcements: api, settings })
      assert.deepStrictEqual(states(open), ["warning"])
      assert.notInclude(JSON.stringify(open), Redacted.value(credentials.password))
      assert.deepStrictEqual(yield* runOver(openInstances, { announcements: api }), [])
    }),
  )

  it.effect("that is on a relay without a password is a problem, on either end of its tunnel", () =>
    Effect.gen(function* () {
      const connect = { pid: 1, log: "/log", tunnel: { ...tunnel, state: "connected" as const } }
      for (const ends of [{ connect }, { remotePort: 4096 }]) {
        const announcements = [announcement("api", 1, ends)]
        for (const settings of [{}, { credentials }]) {
          const found = yield* runOver(openInstances, { announcements, settings })
          assert.deepStrictEqual(states(found), ["problem"])
          assert.include(found[0]?.message, "is on a relay and answers without a password")
        }
      }
    }),
  )

  it.effect("that shares its name with another is reported with both unique names", () =>
    Effect.gen(function* () {
      const announcements = [announcement("api", 1), announcement("api", 2), announcement("web@3", 3)]
      const [found, ...others] = yield* runOver(duplicateNames, { announcements })
      assert.lengthOf(others, 0)
      assert.include(found?.message, "api@1, api@2")
      assert.include(found?.advice, "INSTANCE_NAME")
    }),
  )
})

const tunnel = { relay: "ssh me@relay", since: "2026-11-24T12:00:00Z" }
const connectsFor = (connect: ConnectState | undefined, host = "here") =>
  runOver(connects, { announcements: [announcement("api", 1, { connect, host })] })

layer(NodeServices.layer)("A connect", (it) => {
  it.effect.each([
    ["without a relay", { pid: 1, log: "/log" }, "ok", "this machine only"],
    [
      "whose tunnel is connected",
      { pid: 1, log: "/log", tunnel: { ...tunnel, state: "connected", port: 4711 } },
      "ok",
      "4711",
    ],
    [
      "whose tunnel is connecting",
      { pid: 1, log: "/log", tunnel: { ...tunnel, state: "connecting" } },
      "warning",
      tunnel.since,
    ],
    [
      "whose tunnel was lost",
      { pid: 1, log: "/log", tunnel: { ...tunnel, state: "waiting", reason: "no route" } },
      "problem",
      "no route",
    ],
    ["that was killed", { pid: 2, log: "/log", tunnel: { ...tunnel, state: "connected" } }, "warning", "has ended"],
  ] satisfies ReadonlyArray<[string, ConnectState, string, string]>)("%s", ([, connect, state, part]) =>
    Effect.gen(function* () {
      const [one] = yield* connectsFor(connect)
      assert.strictEqual(one?.state, state)
      assert.include(one?.message, part)
      if (state !== "ok") assert.include(one?.advice, "/log")
    }),
  )

  it.effect("of another machine is not checked, because its processes are not visible", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* connectsFor({ pid: 2, log: "/log" }, "there"), [])
      assert.deepStrictEqual(yield* connectsFor(undefined), [])
    }),
  )
})

const claimsAt = (path: string) =>
  Effect.flatMap(LocalMachine, (machine) => Effect.provideService(claims.run, SessionClaims, claimsIn(path, machine)))

describe("claims", () => {
  it.effect("is only mentioned if claims cannot be made", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      assert.deepStrictEqual(yield* claimsAt(`${directory}/claims`), [])
      assert.deepStrictEqual(yield* fs.readDirectory(`${directory}/claims`), [])
      yield* fs.writeFileString(`${directory}/file`, "")
      const [found] = yield* claimsAt(`${directory}/file/claims`)
      assert.deepInclude(found, { state: "warning" })
      assert.include(found?.message, `${directory}/file/claims cannot be used: a part of the path is not a directory`)
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
