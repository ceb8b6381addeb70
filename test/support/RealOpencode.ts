/**
 * A real `opencode serve`, of version 1 unless an option says otherwise, that thinks with {@link ScriptedModel}: its own HOME, its own git project, no
 * network.
 *
 * Tests against it verify what the fake of the unit tests assumes about opencode. It starts in about a second, so a test
 * file shares one instance (`layer(RealOpencode.layer())`) and creates a session per test.
 */
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { fileURLToPath } from "node:url"
import { type OpencodeServer, type Options as ServerOptions, type Program, startServer } from "./OpencodeServer.ts"
import { start as start2 } from "./RealOpencode2.ts"
import { ScriptedModel } from "./ScriptedModel.ts"

export { OpencodeStartFailed } from "./OpencodeServer.ts"

export interface Options extends ServerOptions {
  /** The version of opencode. 2 needs `onBothVersions` or `withOpencode2`. Default: 1. */
  readonly api?: 1 | 2 | undefined
}

export class RealOpencode extends Context.Service<RealOpencode, OpencodeServer>()("opencode-fleet/test/RealOpencode") {
  static readonly layerNoDeps = (options?: Options) => Layer.effect(RealOpencode, start(options))

  /** One instance with a model of its own; the model and the Node services stay available to the tests. */
  static readonly layer = (options?: Options) =>
    RealOpencode.layerNoDeps(options).pipe(Layer.provideMerge([ScriptedModel.layer, NodeServices.layer]))
}

/** The package's `bin` is the platform's own binary, which its install script puts there, so signals reach it directly. */
export const opencode1Binary = fileURLToPath(
  new URL("bin/opencode.exe", import.meta.resolve("opencode-ai/package.json")),
)

const program: Program = { api: 1, binary: opencode1Binary, healthRoute: "/global/health" }

/** Starts an instance. Closing the scope ends it and all processes that it started, and removes its files. */
export const start = Effect.fn("RealOpencode.start")(({ api = 1, ...options }: Options = {}) =>
  api === 1 ? startServer(program, options) : start2(options),
)
