import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { checkArguments, type ConnectArguments } from "../../../src/cli/connect/connectArguments.ts"
import { exitStatus } from "../../../src/cli/process/exitStatus.ts"

const none: ConnectArguments = {
  advertise: Option.none(),
  args: [],
  attach: Option.none(),
  headless: false,
  json: false,
  registry: false,
  relay: Option.none(),
  status: false,
  withoutPassword: false,
}

const attach = Option.some("http://127.0.0.1:4096")

describe("The arguments of connect", () => {
  it.effect.each([
    [{ status: true, headless: true }, "--status can only be combined with --json"],
    [{ status: true, withoutPassword: true }, "--status can only be combined with --json"],
    [{ advertise: Option.some("http://laptop.lan:4096") }, "--advertise needs --registry"],
    [
      { registry: true, advertise: Option.some("http://127.0.0.1:4096") },
      '--advertise "http://127.0.0.1:4096" is not a URL that other machines can use, without user and password, such as http://laptop.lan:4096',
    ],
    [
      { registry: true, advertise: Option.some("http://me:hunter2@laptop:4096") },
      "--advertise takes a URL that other machines can use, without user and password, such as http://laptop.lan:4096",
    ],
    [{ json: true }, "--json needs --status"],
    [{ headless: true, attach }, "--headless starts opencode; --attach uses a running one. Choose one"],
    [{ args: ["--model", "x"], attach }, "--attach uses a running opencode, which takes no arguments"],
    [
      { attach: Option.some("http://192.0.2.1:4096") },
      '--attach "http://192.0.2.1:4096" is not the address of an opencode on this machine, such as http://127.0.0.1:4096',
    ],
    [
      { relay: Option.some("-oProxyCommand=true") },
      '--relay "-oProxyCommand=true" is neither user@host nor a host of your ssh configuration. For a whole command line, set RELAY_SSH_CMD',
    ],
  ] satisfies ReadonlyArray<[Partial<ConnectArguments>, string]>)("%o are a usage error", ([given, reason]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(checkArguments({ ...none, ...given }))
      assert.strictEqual(error.status, exitStatus.usage)
      assert.strictEqual(error.reason, reason)
    }),
  )

  it.effect.each([
    ["4096", 4096, ["127.0.0.1", "::1"]],
    ["http://127.0.0.1:4096/", 4096, ["127.0.0.1"]],
    ["http://127.0.0.2:4096/", 4096, ["127.0.0.2"]],
    ["http://localhost:5000", 5000, ["127.0.0.1", "::1"]],
    ["http://0.0.0.0:5000", 5000, ["127.0.0.1", "::1"]],
    ["http://[::]:5000", 5000, ["127.0.0.1", "::1"]],
    ["http://[::1]", 80, ["::1"]],
  ] as const)("--attach %s names a port of this machine, and where it is asked", ([value, port, addresses]) =>
    Effect.gen(function* () {
      const checked = yield* checkArguments({ ...none, attach: Option.some(value) })
      assert.deepStrictEqual(checked, { attached: { port, addresses: [...addresses] }, relayCommand: undefined })
    }),
  )

  it.effect("--relay becomes an ssh command", () =>
    Effect.gen(function* () {
      const checked = yield* checkArguments({ ...none, relay: Option.some("me@relay") })
      assert.deepStrictEqual(checked, { attached: undefined, relayCommand: "ssh me@relay" })
    }),
  )
})
