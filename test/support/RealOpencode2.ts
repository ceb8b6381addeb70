/**
 * A real `opencode serve` of version 2 (2.0.15) that thinks with {@link ScriptedModel}: its own HOME, its own git project,
 * no network. `node scripts/opencode2.ts` installs it, for Linux on x64 only; tests that need it are made with
 * `withOpencode2` of `requirements.ts`.
 */
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { opencode2Binary } from "./opencode2Binary.ts"
import { type OpencodeServer, type Options, type Program, startServer } from "./OpencodeServer.ts"
import { ScriptedModel } from "./ScriptedModel.ts"

/** opencode 2 always has a password. Without one of ours, it would invent one. */
export const password = "scripted-password"

export class RealOpencode2 extends Context.Service<RealOpencode2, OpencodeServer>()(
  "opencode-fleet/test/RealOpencode2",
) {
  static readonly layerNoDeps = (options?: Options) => Layer.effect(RealOpencode2, start(options))

  /** One instance with a model of its own; the model and the Node services stay available to the tests. */
  static readonly layer = (options?: Options) =>
    RealOpencode2.layerNoDeps(options).pipe(Layer.provideMerge([ScriptedModel.layer, NodeServices.layer]))
}

const program: Program = { api: 2, binary: opencode2Binary, healthRoute: "/api/info" }

/** Starts an instance. Closing the scope ends it and all processes that it started, and removes its files. */
export const start = Effect.fn("RealOpencode2.start")((options?: Options) =>
  startServer(program, { password, ...options }),
)
