/** Whether `opencode-fleet connect` finds an opencode to start. */
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { line } from "../../../text/plainText.ts"
import { type Check, ok, warning } from "../Check.ts"

const patience = "10 seconds"

const version = Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  return yield* spawner.string(
    ChildProcess.make("opencode", ["--version"], { stdin: "ignore", stderr: "ignore", forceKillAfter: "1 second" }),
  )
})

const needed = "`opencode-fleet connect` needs it; a machine that only serves as relay does not."

export const opencodeCommand: Check<ChildProcessSpawner.ChildProcessSpawner> = {
  name: "opencode",
  run: version.pipe(
    Effect.timeoutOption(patience),
    Effect.map((answer) =>
      answer._tag === "None"
        ? warning(`opencode --version did not answer within ${patience}`, "Run it by hand to see why.")
        : answer.value.trim() === ""
          ? warning("opencode --version says nothing", "Run it by hand to see why.")
          : ok(`opencode ${line(answer.value, 50)} is on the PATH`),
    ),
    Effect.catch(({ message, reason }) =>
      Effect.succeed(
        reason._tag === "NotFound"
          ? warning("opencode is not on the PATH", `Install it, or add its directory to PATH. ${needed}`)
          : warning(`opencode --version fails: ${line(message)}`, `Run it by hand to see why. ${needed}`),
      ),
    ),
    Effect.map((one) => [one]),
  ),
}
