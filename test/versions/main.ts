/**
 * `npm run test:versions`: tries the built executable with older versions of opencode, which it installs from npm into a
 * temporary directory. Prints one line for each version. Exits with 1 if a supported version fails, or if one that is too
 * old is not called so.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Clock, Console, Duration, Effect, Exit, FileSystem, Layer, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { oldestSupported, triedVersions } from "../../src/opencode/triedVersions.ts"
import { makeRelay } from "../support/Executable.ts"
import { startServer } from "../support/OpencodeServer.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import { install, isOpencode2 } from "./install.ts"
import { journey, refusal } from "./journey.ts"

const tooOld = ["1.0.185"]
const supported = [oldestSupported, "1.2.27", "1.14.41", "1.17.0", "1.18.3", triedVersions.newest]

const stepTimeout = Duration.seconds(90)

const problemOf = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause)
  return (error instanceof Error ? error.message : String(error)).split("\n").slice(0, 4).join(" ")
}

/** The problems with one version. */
const tryVersion = Effect.fnUntraced(function* (directory: string, version: string) {
  const opencode = yield* startServer(yield* install(directory, version), {
    permission: "ask",
    snapshots: true,
    // opencode 2 always has one.
    password: isOpencode2(version) ? "hunter2" : undefined,
  })
  const relay = yield* makeRelay()
  yield* relay.register("main", opencode)
  if (tooOld.includes(version)) {
    const reason = yield* refusal(relay)
    return reason.includes("too old") ? [] : [`is not called too old: ${reason}`]
  }
  const steps = yield* journey(relay, opencode, version)
  const found = yield* Effect.forEach(steps, ([name, step]) =>
    Effect.map(Effect.exit(Effect.scoped(step.pipe(Effect.timeout(stepTimeout)))), (exit) =>
      Exit.isSuccess(exit) ? [] : [`${name}: ${problemOf(exit.cause)}`],
    ),
  )
  return found.flat()
}, Effect.scoped)

const report = Effect.fnUntraced(function* (directory: string, version: string) {
  const start = yield* Clock.currentTimeMillis
  const exit = yield* Effect.exit(tryVersion(directory, version))
  const problems = Exit.isSuccess(exit) ? exit.value : [problemOf(exit.cause)]
  const seconds = Math.round(((yield* Clock.currentTimeMillis) - start) / 1000)
  const good = tooOld.includes(version) ? "ok, is called too old" : "ok"
  yield* Console.log(`${version.padEnd(9)} ${problems.length === 0 ? good : "FAILED"} (${seconds} s)`)
  yield* Effect.forEach(problems, (problem) => Console.log(`          ${problem}`), { discard: true })
  return problems.length
})

const command = Command.make(
  "test:versions",
  {
    versions: Argument.String("version").pipe(
      Argument.withDescription("Versions to try instead of the usual ones"),
      Argument.variadic(),
    ),
    cache: Flag.String("cache").pipe(Flag.withDescription("Keeps the installed versions here"), Flag.optional),
  },
  Effect.fnUntraced(function* ({ cache, versions }) {
    const fs = yield* FileSystem.FileSystem
    const directory = Option.isSome(cache)
      ? cache.value
      : yield* fs.makeTempDirectoryScoped({ prefix: "opencode-versions-" })
    const all = versions.length === 0 ? [...tooOld, ...supported] : versions
    const failures = yield* Effect.forEach(all, (version) => report(directory, version))
    if (failures.some((count) => count > 0)) process.exitCode = 1
  }, Effect.scoped),
)

command.pipe(
  Command.run({ version: "1" }),
  Effect.provide(Layer.merge(ScriptedModel.layer, NodeServices.layer)),
  NodeRuntime.runMain,
)
