/** The background service of opencode 2: its registration, its address and its health. */
import { Duration, Effect, FileSystem, Option, Path } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import type { Announcement, Problem } from "../../../discovery/Discovery.ts"
import { Discovery } from "../../../discovery/Discovery.ts"
import * as Service from "../../../discovery/service/Service.ts"
import { readServiceFiles } from "../../../discovery/service/serviceFiles.ts"
import { targetOf } from "../../../discovery/target.ts"
import { OpencodeClient } from "../../../opencode/Opencode.ts"
import { line, plainLine } from "../../../text/plainText.ts"
import { Settings } from "../../../Settings.ts"
import { opencodeConfiguration } from "../../../settings/directories.ts"
import { type Check, ok, type Observation, problem, warning } from "../Check.ts"

const subject = ({ pid, url }: Announcement) => `opencode 2's service (${url}, process ${pid})`

const restart = "Read its log (~/.local/share/opencode/log), then run `opencode service restart`."

/** Asked only if the registered process listens there. */
const observeHealth = Effect.fnUntraced(function* (service: Announcement) {
  const client = yield* OpencodeClient
  const { probeTimeout } = yield* Settings
  return yield* client
    .at(targetOf(service, undefined))
    .health(Duration.toMillis(probeTimeout))
    .pipe(
      Effect.map(({ healthy, reason, starting, version }) => {
        if (healthy) return ok(`${subject(service)} is running: opencode ${line(version, 50)}`)
        return starting === true
          ? warning(`${subject(service)} is starting or stopping`, "Run doctor again in a minute.")
          : problem(`${subject(service)} could not start${reason === undefined ? "" : `: ${line(reason)}`}`, restart)
      }),
      Effect.catch(({ message }) =>
        Effect.succeed(problem(`${subject(service)} does not work: ${line(message)}`, restart)),
      ),
    )
})

const observe = (service: Announcement) => {
  if (service.credentials !== undefined) return observeHealth(service)
  const { listener, passwordWithheld = "", pid, source } = service
  return Effect.succeed(
    listener === undefined
      ? warning(`${subject(service)} receives no password: ${passwordWithheld}`, "Install lsof, which can check it.")
      : ok(
          `${plainLine(source)} is left of a service that is not running (process ${pid}). Nothing to do: opencode replaces it when it starts the service`,
        ),
  )
}

const observeProblem = ({ reason, source }: Problem) =>
  problem(
    `${plainLine(source)} ${line(reason)}`,
    "The service is not used until this is fixed. Do not edit or remove the file while the service is running, because that ends the service.",
  )

/** A registration with an address that other machines can reach. */
const exposed = Effect.fnUntraced(function* (directory: string) {
  const { files } = yield* readServiceFiles(directory)
  return files.flatMap(({ registration: { url } }): ReadonlyArray<Observation> =>
    URL.canParse(url) && ["0.0.0.0", "[::]"].includes(new URL(url).hostname)
      ? [
          warning(
            `opencode 2's service listens on all addresses (${line(url, 100)}), so other machines can reach it, with its password and without encryption`,
            "If only this machine needs it, run `opencode service unset hostname` and, when no agent is working, `opencode service restart`. `connect` reaches a relay without it.",
          ),
        ]
      : [],
  )
})

const accessByOthers = 0o077

/** opencode's configuration of the service, which also holds the password. */
const observeConfiguration = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* opencodeConfiguration
  if (directory === undefined) return []
  const file = path.join(directory, "service.json")
  const info = yield* Effect.option(fs.stat(file))
  return Option.isSome(info) && (info.value.mode & accessByOthers) !== 0
    ? [problem(`${plainLine(file)} holds the service's password and is open to other users`, "Fix it with chmod 600.")]
    : []
}).pipe(
  Effect.catchTag("SettingsError", ({ message, variable }) =>
    Effect.succeed([problem(message, `Fix or unset ${variable}.`)]),
  ),
  Effect.orDie,
)

export const service: Check<
  Settings | OpencodeClient | FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner
> = {
  name: "service",
  run: Effect.gen(function* () {
    const { serviceDirectory: directory } = yield* Settings
    if (directory === undefined) return []
    const { scan } = yield* Discovery.pipe(Effect.provide(Service.layer({ directory })))
    const { announcements, problems } = yield* scan
    return [
      ...(yield* Effect.forEach(announcements, observe)),
      ...problems.map(observeProblem),
      ...(yield* exposed(directory)),
      ...(yield* observeConfiguration),
    ]
  }),
}
