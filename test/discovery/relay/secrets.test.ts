/** Registrations that refer to secrets: what is read and run, what is refused, and that no secret is told. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Context, Effect, Fiber, FileSystem, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Discovery, type Scan } from "../../../src/discovery/Discovery.ts"
import * as RelayDirectory from "../../../src/discovery/relay/RelayDirectory.ts"
import { RefusedSecrets } from "../../../src/discovery/secrets/RefusedSecrets.ts"
import { retryAfter } from "../../../src/discovery/secrets/Secrets.ts"
import { targetOf } from "../../../src/discovery/target.ts"
import { credentials as fleetCredentials, makeRelay } from "./relay.ts"

const secret = "s3cret-Vq7xT"

const environment = Layer.succeed(
  ConfigProvider.ConfigProvider,
  ConfigProvider.fromUnknown({ BOX_PASSWORD: secret, EMPTY: "", HOME: "/nowhere" }),
)

/** The scan of a transport that lives as long as the test, without a password of the fleet. */
const scanOf = (directory: string) =>
  Effect.map(
    Layer.build(RelayDirectory.layer({ directory, strictModes: false })),
    (services) => Context.get(services, Discovery).scan,
  )

/** What a scan of one registration with these fields finds. */
const found = Effect.fnUntraced(function* (fields: object) {
  const relay = yield* makeRelay
  yield* relay.register("box.json", { name: "box", ...fields })
  return yield* Effect.flatten(scanOf(relay.directory))
})

const reasons = ({ problems }: Scan) => problems.map(({ reason }) => reason).join("\n")

const passwordOf = ({ announcements: [one] }: Scan) =>
  one?.credentials === undefined ? undefined : Redacted.value(one.credentials.password)

/** A file in a directory of its own. */
const fileWith = Effect.fnUntraced(function* (content: string, mode = 0o600) {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/password`
  yield* fs.writeFileString(file, content)
  yield* fs.chmod(file, mode)
  return file
})

/** A command that prints the text, and notes in a file that it ran. */
const printing = Effect.fnUntraced(function* (text: string, status = 0) {
  const fs = yield* FileSystem.FileSystem
  const log = yield* fileWith("")
  const script = yield* fileWith(`echo x >> ${log}; echo '${text}'; echo '${text}' >&2; exit ${status}`)
  return {
    command: ["sh", script],
    print: (next: string) => fs.writeFileString(script, `echo x >> ${log}; echo '${next}'`),
    runs: Effect.map(fs.readFileString(log), (lines) => lines.split("x").length - 1),
  }
})

layer(Layer.merge(NodeServices.layer, environment))("A registration with a reference", (it) => {
  it.effect("to a variable, a file or a command gets the secret, for its own instance in place of the fleet's", () =>
    Effect.gen(function* () {
      const file = yield* fileWith(`${secret}\nlogin: me\n`)
      const { command } = yield* printing(secret)
      for (const password of [{ env: "BOX_PASSWORD" }, { file }, { command }]) {
        const scanned = yield* found({ port: 4096, username: "me", password })
        assert.deepStrictEqual(scanned.problems, [])
        assert.strictEqual(passwordOf(scanned), secret)
        const [announcement] = scanned.announcements
        assert.isDefined(announcement)
        assert.strictEqual(targetOf(announcement, fleetCredentials).credentials?.username, "me")
        assert.notInclude(JSON.stringify(scanned), secret)
      }
    }),
  )

  it.effect("may name a URL and secret headers", () =>
    Effect.gen(function* () {
      const scanned = yield* found({
        url: "https://opencode.example.com/box/",
        headers: { "CF-Access-Client-Secret": { env: "BOX_PASSWORD" } },
      })
      const [announcement] = scanned.announcements
      assert.deepInclude(announcement, { url: "https://opencode.example.com/box", tunnelled: true })
      assert.deepStrictEqual(Object.keys(announcement?.headers ?? {}), ["cf-access-client-secret"])
      assert.notInclude(JSON.stringify(scanned), secret)
    }),
  )

  it.effect.each([
    { what: "a literal password", fields: { port: 1, password: secret }, reason: "never the secret itself" },
    { what: "a literal header", fields: { port: 1, headers: { "x-key": secret } }, reason: "never the secret itself" },
    { what: "a shell command line", fields: { port: 1, password: { command: `echo ${secret}` } }, reason: "reference" },
    { what: "a relative file", fields: { port: 1, password: { file: "password" } }, reason: "reference" },
    { what: "a reserved header", fields: { port: 1, headers: { Host: { env: "A" } } }, reason: "cannot be set" },
    { what: "credentials in the URL", fields: { url: `https://me:${secret}@box` }, reason: "url with credentials" },
    { what: "http to another host", fields: { url: "http://box.example.com" }, reason: "not https://" },
    { what: "a port and a URL", fields: { port: 1, url: "https://box" }, reason: "both a port and a url" },
    { what: "neither of them", fields: {}, reason: "neither a port nor a url" },
    {
      what: "a tunnel, which another machine writes",
      fields: { port: 1, localPort: 2, password: { env: "BOX_PASSWORD" } },
      reason: "which another machine writes",
    },
  ])("is refused with $what, without a word of the secret", ({ fields, reason }) =>
    Effect.gen(function* () {
      const scanned = yield* found(fields)
      assert.deepStrictEqual(scanned.announcements, [])
      assert.include(reasons(scanned), reason)
      assert.notInclude(reasons(scanned), secret)
    }),
  )

  it.effect("is refused if other users could have written it, also without a password of the fleet", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { command, runs } = yield* printing(secret)
      const relay = yield* makeRelay
      yield* relay.register("box.json", { name: "box", port: 1, password: { command } }, 0o666)
      yield* relay.register("plain.json", { name: "plain", port: 2 }, 0o666)
      const scan = yield* scanOf(relay.directory)
      const scanned = yield* scan
      assert.deepStrictEqual(
        scanned.announcements.map(({ name }) => name),
        ["plain"],
      )
      assert.include(reasons(scanned), "can be written by other users")
      yield* fs.chmod(relay.file("box.json"), 0o600)
      yield* fs.chmod(relay.directory, 0o777)
      assert.include(reasons(yield* scan), "could read your files and run commands")
      assert.strictEqual(yield* runs, 0)
    }),
  )

  it.effect.each([
    { what: "an unset variable", password: { env: "NOT_SET" }, reason: "the variable NOT_SET is not set" },
    { what: "an empty variable", password: { env: "EMPTY" }, reason: "the variable EMPTY is not set" },
    {
      what: "a missing file",
      password: { file: "/no/such/file" },
      reason: "cannot be read: it does not exist (ENOENT)",
    },
    { what: "a directory", password: { file: "/tmp" }, reason: "is not a regular file" },
    {
      what: "a missing command",
      password: { command: ["/no/such/command"] },
      reason: "cannot be run: it does not exist (ENOENT)",
    },
  ])("to $what is listed without any password, and the problem says why", ({ password, reason }) =>
    Effect.gen(function* () {
      const scanned = yield* found({ port: 4096, password })
      const [announcement] = scanned.announcements
      assert.isDefined(announcement)
      assert.include(reasons(scanned), reason)
      const target = targetOf(announcement, fleetCredentials)
      assert.isUndefined(target.credentials)
      assert.include(target.withheld, reason)
    }),
  )

  it.effect("to a failing command tells its exit status, and nothing that it printed", () =>
    Effect.gen(function* () {
      const { command, runs } = yield* printing(secret, 3)
      const relay = yield* makeRelay
      yield* relay.register("box.json", { name: "box", port: 1, password: { command } })
      const scan = yield* scanOf(relay.directory)
      const scanned = yield* scan
      assert.include(reasons(scanned), 'the command "sh" ended with exit status 3')
      assert.notInclude(JSON.stringify(scanned), secret)
      yield* scan
      assert.strictEqual(yield* runs, 1)
      yield* TestClock.adjust(retryAfter)
      yield* scan
      assert.strictEqual(yield* runs, 2)
    }),
  )

  it.effect("to a slow command does not delay the scan", () =>
    Effect.gen(function* () {
      const relay = yield* makeRelay
      yield* relay.register("box.json", { name: "box", port: 1, password: { command: ["sleep", "600"] } })
      const scan = yield* scanOf(relay.directory)
      const scanning = yield* Effect.forkChild(scan, { startImmediately: true })
      const scanned = yield* Effect.raceFirst(
        Fiber.join(scanning),
        TestClock.adjust("1 second").pipe(
          Effect.andThen(TestClock.withLive(Effect.sleep("10 millis"))),
          Effect.forever,
        ),
      )
      assert.include(reasons(scanned), 'the command "sleep" is still running')
    }),
  )

  it.effect("to a command runs it once, and again after the instance has refused the secret", () =>
    Effect.gen(function* () {
      const { command, print, runs } = yield* printing("old")
      const relay = yield* makeRelay
      yield* relay.register("one.json", { name: "one", port: 1, password: { command } })
      yield* relay.register("two.json", { name: "two", port: 2, password: { command } })
      const scan = yield* scanOf(relay.directory)
      const [announcement] = (yield* scan).announcements
      yield* print(secret)
      yield* TestClock.adjust(retryAfter)
      assert.strictEqual(passwordOf(yield* scan), "old")
      assert.strictEqual(yield* runs, 1)
      assert.isDefined(announcement?.credentials)
      ;(yield* RefusedSecrets).add(announcement.credentials.password)
      assert.strictEqual(passwordOf(yield* scan), secret)
      assert.strictEqual(yield* runs, 2)
    }),
  )
})
