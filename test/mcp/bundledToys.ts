/** `toyServer.ts` as one file. Each process then starts in half the time, which pays off in files that start many. */
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, FileSystem, Layer, Path } from "effect"
import { build } from "rolldown"
import { fileURLToPath } from "node:url"

/** The path of the bundle, which is removed when the scope closes. */
export class BundledToys extends Context.Service<BundledToys, { readonly file: string }>()("test/mcp/BundledToys") {
  static readonly layer = Layer.effect(
    BundledToys,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-toys-" })
      const file = path.join(directory, "toyServer.mjs")
      yield* Effect.promise(() =>
        build({
          input: fileURLToPath(new URL("toyServer.ts", import.meta.url)),
          platform: "node",
          output: { file, format: "esm", codeSplitting: false },
        }),
      )
      return { file }
    }),
  ).pipe(Layer.provideMerge(NodeServices.layer))
}
