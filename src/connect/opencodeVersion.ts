/** The version of the `opencode` on the PATH. */
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import type { ApiVersion } from "../opencode/Target.ts"
import { line } from "../text/plainText.ts"
import { notStarted, OpencodeNotStarted } from "./OpencodeChild.ts"

export interface OpencodeVersion {
  /** What it printed. */
  readonly text: string
  /** The version of its API. A program that prints no version counts as opencode 1, which any wrapper script may start. */
  readonly api: ApiVersion
}

const timeout = "15 seconds"

/** opencode 1 prints `1.18.33`, opencode 2 `opencode v2.0.15`. A wrapper may print other lines before. */
export const parseVersion = (output: string): OpencodeVersion => {
  const lines = output.trim().split("\n")
  const found = lines.findLast((text) => /^(?:opencode )?v?\d+\.\d+\.\d+/u.test(text.trim())) ?? lines.at(-1) ?? ""
  const [, name, major] = /^(opencode )?v?(\d+)\./u.exec(found.trim()) ?? []
  return { text: line(found, 50), api: name !== undefined || Number(major) >= 2 ? 2 : 1 }
}

/** Runs `opencode --version`. */
export const opencodeVersion = Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const output = yield* spawner
    .string(
      ChildProcess.make("opencode", ["--version"], { stdin: "ignore", stderr: "ignore", forceKillAfter: "1 second" }),
    )
    .pipe(
      Effect.mapError(notStarted),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => new OpencodeNotStarted({ detail: `\`opencode --version\` did not answer within ${timeout}` }),
      }),
    )
  return parseVersion(output)
})
