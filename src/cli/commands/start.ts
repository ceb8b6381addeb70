/** `opencode-fleet start`: starts opencode on a host of SSH_HOSTS. */
import { Console, Effect, Layer, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { HostStarter } from "../../discovery/ssh/HostStarter.ts"
import { plainLine } from "../../text/plainText.ts"
import { Settings } from "../../Settings.ts"
import { failedWithToolError } from "../process/exitStatus.ts"
import { settingsLayer } from "../settings/settingsLayer.ts"

const host = Argument.String("host").pipe(Argument.withDescription("A host in SSH_HOSTS, as it is written there"))

const directory = Argument.String("directory").pipe(
  Argument.withDescription(
    "A path there, absolute or in the home directory; required by opencode 1, which serves one directory",
  ),
  Argument.optional,
)

const starter = Layer.unwrap(
  Effect.map(Settings, ({ credentials, sshHosts }) => HostStarter.layer({ hosts: sshHosts, credentials })),
).pipe(Layer.provideMerge(settingsLayer))

export const start = Command.make(
  "start",
  { host, directory },
  Effect.fnUntraced(function* ({ directory, host }) {
    const { start } = yield* HostStarter
    const started = yield* Effect.mapError(start(host, Option.getOrUndefined(directory)), failedWithToolError)
    const place = started.directory === undefined ? started.host : `${started.host}, in ${started.directory}`
    const what = started.wasRunning ? "was already running" : "was started"
    yield* Console.log(plainLine(`opencode ${started.version} ${what} on ${place}.`))
  }),
).pipe(
  Command.withShortDescription("Start opencode on a host of SSH_HOSTS"),
  Command.withDescription(
    `Starts opencode on a host in SSH_HOSTS, over ssh: the background service of opencode 2 (\`opencode service start\`), or a server of opencode 1 (\`opencode serve\`) in a directory. If it is running there already, nothing is started.

Exit status: 0 if it is running; 1 if the host cannot be reached or opencode does not start; 2 for a usage error.`,
  ),
  Command.withExamples([
    { command: "opencode-fleet start box", description: "Start the service of opencode 2 on box" },
    { command: "opencode-fleet start me@build work/api", description: "Start opencode 1 in ~/work/api" },
  ]),
  Command.provide(starter),
)
