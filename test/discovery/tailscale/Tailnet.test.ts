/** How the status is read, and the errors if Tailscale is not connected. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { peersOf } from "../../../src/discovery/tailscale/TailnetStatus.ts"
import { answer, makeAccess, printing, read, trouble } from "./access.ts"
import { recording, versions } from "./recordings.ts"

const inState = (json: string, state: string, rest: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ ...JSON.parse(json), BackendState: state, ...rest })

layer(NodeServices.layer)("A tailnet is read", (it) => {
  it.effect.each(versions)("over the local API of %s, without a command", (version) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const json = yield* recording(`running-${version}`)
      const requests: Array<unknown> = []
      yield* access.listen(({ headers: { host }, method, url }, response) => {
        requests.push({ host, method, url })
        response.end(json)
      })
      const status = yield* read(access)
      assert.strictEqual(status.Version?.split("-")[0], version)
      assert.isAbove(peersOf(status).peers.length, 8)
      assert.deepStrictEqual(requests, [{ host: "local-tailscaled.sock", method: "GET", url: "/localapi/v0/status" }])
    }),
  )

  it.effect("from the command, if there is no socket", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${access.directory}/out.json`, yield* recording("running-1.76.1"))
      yield* access.install(
        `echo "$TAILSCALE_BE_CLI $@" > ${access.directory}/called; echo "Warning: versions differ" >&2; cat ${access.directory}/out.json`,
      )
      assert.lengthOf(peersOf(yield* read(access)).peers, 1)
      assert.strictEqual(yield* fs.readFileString(`${access.directory}/called`), "1 status --json\n")
    }),
  )

  it.effect("from the command, if the socket's path is not a socket", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(access.socket, "not a socket")
      yield* trouble(access, "TailscaleNotRunning", access.socket, "systemctl start tailscaled")
      yield* printing(access, yield* recording("running-1.84.0"))
      assert.strictEqual((yield* read(access)).BackendState, "Running")
    }),
  )

  it.effect("even if it is large", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const large = inState(yield* recording("running-1.84.0"), "Running", { Future: "x".repeat(15 * 1024 * 1024) })
      yield* printing(access, large)
      assert.strictEqual((yield* read(access)).BackendState, "Running")
      yield* access.listen(answer(200, large))
      assert.strictEqual((yield* read(access)).BackendState, "Running")
    }),
  )
})

layer(NodeServices.layer)("An error names the problem if Tailscale", (it) => {
  it.effect("is not installed", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* trouble(access, "TailscaleMissing", access.socket, "https://tailscale.com/download", "TRANSPORT")
    }),
  )

  it.effect.each([
    ["Stopped", "TailscaleStopped", "`tailscale up`"],
    ["NeedsLogin", "TailscaleLoggedOut", "`tailscale up`"],
    ["NeedsMachineAuth", "TailscaleUnapproved", "admin"],
    ["Starting", "TailscaleStarting", "checks again"],
    ["NoState", "TailscaleStarting", "checks again"],
    ["InUseOtherUser", "TailscaleInUse", "another user"],
    ["Levitating", "TailscaleNotUnderstood", "Levitating"],
  ] as const)("is in the state %s", ([state, tag, way]) =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* access.listen(answer(200, inState(yield* recording("running-1.84.0"), state)))
      yield* trouble(access, tag, way)
    }),
  )

  it.effect("is stopped but still lists peers", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      yield* printing(access, yield* recording("stopped-1.84.0"))
      yield* trouble(access, "TailscaleStopped", "`tailscale up`")
    }),
  )

  it.effect("is logged out, without the login link", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const json = yield* recording("needs-login-1.84.0")
      assert.include(json, "https://login.tailscale.com/a/")
      yield* access.listen(answer(200, json))
      assert.notInclude(yield* trouble(access, "TailscaleLoggedOut"), "login.tailscale.com")
    }),
  )

  it.effect("is starting and reports a health warning", () =>
    Effect.gen(function* () {
      const access = yield* makeAccess
      const Health = ["no network", "\u001b[31mno DERP\nhome"]
      yield* access.listen(answer(200, inState(yield* recording("running-1.50.1"), "Starting", { Health })))
      yield* trouble(access, "TailscaleStarting", "no network; ", "no DERP home")
    }),
  )
})
