/** The handler of start_instance. */
import { Effect, Option, Schedule } from "effect"
import { HostStarter, type HostStarted } from "../../discovery/ssh/HostStarter.ts"
import { Fleet } from "../../fleet/Fleet.ts"
import { type Instance, isOnline } from "../../fleet/Instance.ts"
import type { Snapshot } from "../../fleet/Snapshot.ts"
import type { StartedView } from "./controlSchemas.ts"
import { boundAnswers } from "../shared/answerSize.ts"
import { ControlTools } from "./ControlTools.ts"

/** How long opencode may take to answer after it has started. */
const onlineTimeout = "20 seconds"

const isStarted = ({ directory, host }: HostStarted, instance: Instance) =>
  [instance, ...instance.fallbacks].some(({ sshHost }) => sshHost === host) &&
  (directory === undefined ? instance.api === 2 : instance.directory === directory)

const onlineIn = ({ instances }: Snapshot, started: HostStarted) =>
  instances.find((instance) => isOnline(instance) && isStarted(started, instance))

export const layer = ControlTools.toLayer(
  Effect.gen(function* () {
    const fleet = yield* Fleet
    const starter = yield* HostStarter

    /** Waits until the fleet shows it. */
    const find = (started: HostStarted) =>
      fleet.refresh.pipe(
        Effect.map((snapshot) => onlineIn(snapshot, started)),
        Effect.repeat({ until: (instance) => instance !== undefined, schedule: Schedule.spaced("1 second") }),
        Effect.timeoutOption(onlineTimeout),
        Effect.map(Option.getOrUndefined),
      )

    const handlers = ControlTools.of({
      start_instance: Effect.fnUntraced(function* ({ directory, host }) {
        const started = yield* starter.start(host, directory)
        const instance = yield* find(started)
        const view: StartedView = {
          host: started.host,
          was_running: started.wasRunning,
          version: started.version,
          ...(instance === undefined ? {} : { instance: instance.name }),
          ...(started.directory === undefined ? {} : { directory: started.directory }),
        }
        return view
      }),
    })
    return boundAnswers(ControlTools.tools, handlers, { start_instance: [] })
  }),
)
