/**
 * `npm run demo`: a guided tour of the tools on a real opencode; `npm run demo -- --opencode 2` on opencode 2.
 *
 * It starts opencode with a scripted model on loopback, connects a real MCP client to the built server over stdio, and
 * removes everything at the end. It needs no API key and no network.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Layer, Logger } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { opencode2Binary } from "../../test/support/opencode2Binary.ts"
import { ScriptedModel } from "../../test/support/ScriptedModel.ts"
import { connect } from "./client.ts"
import { startMachine } from "./machine.ts"
import { tour } from "./tour.ts"

const version = Flag.Literals("opencode", ["1", "2"]).pipe(
  Flag.withDescription("The major version of opencode"),
  Flag.withDefault("1"),
)

/** opencode 2 is no dependency of this package. */
const installOpencode2 = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const script = fileURLToPath(new URL("../../scripts/opencode2.ts", import.meta.url))
  yield* spawner.exitCode(ChildProcess.make(process.execPath, [script], { stdout: "ignore", stderr: "inherit" }))
  if (!(yield* fs.exists(opencode2Binary)))
    return yield* new CliError.UserError({ cause: "opencode 2 is not installed, which needs Linux on x64" })
})

const demo = Command.make("demo", { opencode: version }, ({ opencode }) =>
  Effect.gen(function* () {
    if (opencode === "2") yield* installOpencode2
    yield* Effect.logInfo(`starting opencode ${opencode} with a scripted model …`)
    const machine = yield* startMachine(opencode)
    yield* tour(yield* connect(machine), machine)
  }).pipe(Effect.scoped),
)

// `npm run demo | head` closes stdout early; opencode must be stopped then, too.
process.stdout.on("error", () => process.kill(process.pid, "SIGTERM"))

Command.run(demo, { version: "1" }).pipe(
  Effect.provide(ScriptedModel.layer.pipe(Layer.provideMerge(NodeServices.layer))),
  Effect.provideService(Logger.LogToStderr, true),
  NodeRuntime.runMain,
)
