/** A gate over an issuer and a file of tokens. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Redacted } from "effect"
import { layerIssuerAndTokenFile } from "../../../src/mcp/access/access.ts"
import { Gate } from "../../../src/mcp/access/Gate.ts"
import { startIssuer } from "../../support/Issuer.ts"

const scopes = { all: ["read", "send"], base: "read", atLogin: ["read"] }
const resource = "https://fleet.example.com/mcp"
const build = "build-build-build-build"

layer(NodeServices.layer)("A gate over an issuer and a file", (it) => {
  it.effect("takes the tokens of both, each also while the other cannot be used", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const issuer = yield* startIssuer
      const file = `${yield* fs.makeTempDirectoryScoped()}/tokens`
      yield* fs.writeFileString(file, `${build} build read`, { mode: 0o600 })
      const gate = Context.get(
        yield* Layer.build(layerIssuerAndTokenFile({ issuer: issuer.url, resource }, { file }, scopes)),
        Gate,
      )
      const ofIssuer = yield* Effect.promise(() => issuer.token({ aud: resource, scope: "read" }))
      const answer = (token: string) =>
        Effect.match(gate.verify(Redacted.make(token)), {
          onFailure: ({ status }) => String(status),
          onSuccess: ({ subject }) => subject,
        })
      const answers = Effect.all([answer(build), answer(ofIssuer), answer("neither-neither-neither")])
      assert.deepStrictEqual(yield* answers, ["build", `${issuer.url} ada`, "401"])
      yield* fs.remove(file)
      // The token may be one of the file, so the client is not told that it is wrong.
      assert.deepStrictEqual(yield* answers, ["503", `${issuer.url} ada`, "503"])
    }),
  )
})
