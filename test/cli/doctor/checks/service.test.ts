/** What `doctor` says about opencode 2's service. The end-to-end tests run it with the real one. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import { service } from "../../../../src/cli/doctor/checks/service.ts"
import { LocalMachine } from "../../../../src/machine/LocalMachine.ts"
import { opencodeLayer } from "../../../../src/layers.ts"
import { Settings } from "../../../../src/Settings.ts"
import { freePort, silentServer } from "../../../support/loopback.ts"

const password = "the machine's own"

const registration = (port: number, host = "127.0.0.1") =>
  JSON.stringify({ id: "1", version: "2.0.15", url: `http://${host}:${port}`, pid: 4_000_000, password })

/** What the check says about a registration with this content. */
const observe = Effect.fnUntraced(function* (
  content: string | undefined,
  { mode = 0o600, configurationMode }: { readonly mode?: number; readonly configurationMode?: number } = {},
) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped()
  const serviceDirectory = `${home}/.local/state/opencode`
  yield* fs.makeDirectory(serviceDirectory, { recursive: true })
  if (content !== undefined) yield* fs.writeFileString(`${serviceDirectory}/service.json`, content, { mode })
  if (configurationMode !== undefined) {
    yield* fs.makeDirectory(`${home}/.config/opencode`, { recursive: true })
    yield* fs.writeFileString(`${home}/.config/opencode/service.json`, "{}", { mode: configurationMode })
  }
  const observations = yield* service.run.pipe(
    Effect.provide(Layer.mergeAll(opencodeLayer(), Settings.layerOf({ relayDirectory: "/relay", serviceDirectory }))),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { HOME: home } })),
    Effect.updateService(LocalMachine, (machine) => ({ ...machine, isAlive: () => false })),
  )
  assert.notInclude(JSON.stringify(observations), password)
  return observations
})

layer(NodeServices.layer, { excludeTestServices: true })("The service of opencode 2", (it) => {
  it.effect("that has never run is not mentioned", () =>
    Effect.map(observe(undefined), (observations) => assert.deepStrictEqual(observations, [])),
  )

  it.effect("that was killed leaves a registration, which needs no attention", () =>
    Effect.gen(function* () {
      const [found] = yield* observe(registration(yield* freePort))
      assert.strictEqual(found?.state, "ok")
      assert.include(found?.message, "left of a service that is not running (process 4000000)")
    }),
  )

  it.effect("whose port another program has taken is a problem: opencode must not be started", () =>
    Effect.gen(function* () {
      const [found] = yield* observe(registration(yield* silentServer))
      assert.strictEqual(found?.state, "problem")
      assert.include(found?.message, "End that program before you start opencode")
    }),
  )

  it.effect("whose files others can read is a problem", () =>
    Effect.gen(function* () {
      const [found, ...others] = yield* observe(registration(yield* freePort), {
        mode: 0o644,
        configurationMode: 0o640,
      })
      assert.deepInclude(found, { state: "problem" })
      assert.include(found?.message, "chmod 600")
      assert.match(others[0]?.message ?? "", /\.config\/opencode\/service\.json holds the service's password/u)
    }),
  )

  it.effect("that listens on all addresses is a warning", () =>
    Effect.gen(function* () {
      const observations = yield* observe(registration(yield* freePort, "0.0.0.0"))
      assert.include(observations.at(-1)?.message, "listens on all addresses")
    }),
  )
})
