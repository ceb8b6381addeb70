/** docs/settings.md lists the environment variables that the program reads, and no others. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { Settings } from "../../src/Settings.ts"
import { read, rows } from "./pages.ts"

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
