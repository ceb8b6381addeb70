/** Whether `opencode-fleet connect` can start opencode. */
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { line } from "../../../text/plainText.ts"
import { type Check, ok, warning } from "../Check.ts"

const timeout = "10 seconds"

const version = Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  return yield* spawner.string(
    ChildProcess.make("opencode", ["--version"], { stdin: "ignore", stderr: "ignore", forceKillAfter: "1 second" }),
  )
})

const neededFor = "`opencode-fleet connect` needs it; a machine that is only a relay does not."

export const opencodeCommand: Check<ChildProcessSpawner.ChildProcessSpawner> = {
  name: "opencode",
  run: version.pipe(
    Effect.timeoutOption(timeout),
    Effect.map((answer) =>
      answer._tag === "None"
        ? warning(`opencode --version did not answer within ${timeout}`, "Run it yourself to see why.")
        : answer.value.trim() === ""
          ? warning("opencode --version printed nothing", "Run it yourself to see why.")
          : ok(`opencode ${line(answer.value, 50)} is on the PATH`),
    ),
    Effect.catch(({ message, reason }) =>
      Effect.succeed(
        reason._tag === "NotFound"
          ? warning("opencode is not on the PATH", `Install it, or add its directory to PATH. ${neededFor}`)
          : warning(`opencode --version failed: ${line(message)}`, `Run it yourself to see why. ${neededFor}`),
      ),
    ),
    Effect.map((one) => [one]),
  ),
}
