/** docs/settings.md lists the environment variables that the program reads, and no others. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { copiedVariables } from "../../src/cli/clients/launch.ts"
import { Settings } from "../../src/Settings.ts"
import { read, rows, section } from "./pages.ts"

const documented = rows(read("docs/settings.md")).map(([variable = ""]) => variable.replaceAll("`", ""))

/** Read by the executable alone, when it starts its telemetry. */
const telemetry = "OTEL_EXPORTER_OTLP_ENDPOINT"

/** Described in the text below the table. */
const inText = ["HOME", "USERPROFILE"]

/** The variables that building the settings asks for, in an environment where only HOME is set. */
const readVariables = Effect.gen(function* () {
  const names = new Set<string>()
  const environment = ConfigProvider.make((path) => {
    const name = path.join("_")
    names.add(name)
    return Effect.succeed(name === "HOME" ? ConfigProvider.makeValue("/home/me") : undefined)
  })
  yield* Layer.build(Settings.layer).pipe(
    Effect.provide(NodeServices.layer),
    Effect.provideService(ConfigProvider.ConfigProvider, environment),
  )
  return [...names]
})

describe("docs/settings.md", () => {
  it.effect("lists every environment variable that Settings reads", () =>
    Effect.gen(function* () {
      assert.sameMembers([...documented, ...inText], [...(yield* readVariables), telemetry])
    }),
  )
})

describe("docs/command-line.md", () => {
  it("lists the variables that config copies", () => {
    const [copied = ""] = section(read("docs/command-line.md"), "## What `config` copies").split("It never copies")
    const listed = [...copied.matchAll(/`([A-Z][A-Z_]+)`/gu)].map(([, name]) => name)
    assert.sameMembers(listed, [...copiedVariables, "RELAY_REGISTRY_DIR"])
  })
})
