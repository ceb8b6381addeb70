/** Whether `opencode-fleet connect` can start opencode, and which version. */
import { Effect } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { type OpencodeVersion, opencodeVersion } from "../../../connect/opencodeVersion.ts"
import { versionNote } from "../../../opencode/triedVersions.ts"
import { line } from "../../../text/plainText.ts"
import { type Check, ok, warning } from "../Check.ts"

const neededFor = "`opencode-fleet connect` needs it; a machine that is only a relay does not."

const observe = ({ api, text }: OpencodeVersion) => {
  if (text === "") return warning("opencode --version printed nothing", "Run it yourself to see why.")
  const version = text.replace(/^opencode /u, "")
  const untried = versionNote(version.replace(/^v/u, ""))
  if (untried !== undefined) return warning(`opencode ${version} is on the PATH: ${untried}`)
  return api === 2
    ? ok(
        `opencode ${version} is on the PATH: all directories share its background service, which \`connect\` never stops`,
      )
    : ok(`opencode ${version} is on the PATH`)
}

export const opencodeCommand: Check<ChildProcessSpawner.ChildProcessSpawner> = {
  name: "opencode",
  run: opencodeVersion.pipe(
    Effect.map(observe),
    Effect.catchTags({
      OpencodeNotFound: () =>
        Effect.succeed(
          warning("opencode is not on the PATH", `Install it, or add its directory to PATH. ${neededFor}`),
        ),
      OpencodeNotStarted: ({ detail }) =>
        Effect.succeed(
          warning(`opencode --version failed: ${line(detail)}`, `Run it yourself to see why. ${neededFor}`),
        ),
    }),
    Effect.map((one) => [one]),
  ),
}
