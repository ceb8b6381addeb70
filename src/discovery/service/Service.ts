/**
 * `TRANSPORT=service`: the background service of opencode 2 of this user, found by the registration that it keeps for
 * opencode's own programs. It is one instance with all of the user's directories, and keeps its name when it is restarted or
 * upgraded, although its process and the registration's content change.
 *
 * The registration holds the service's password. It is used only while the registered process receives the connections.
 */
import { Effect, FileSystem, Layer, Path, Redacted, Schedule, Stream } from "effect"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { type ProcessId, ServerProcesses } from "../../machine/ServerProcesses.ts"
import { defaultUsername } from "../../opencode/Target.ts"
import { quote } from "../../text/plainText.ts"
import { addressIn, loopbackOf, portIn, urlOf } from "../address.ts"
import { boundedScan } from "../boundedScan.ts"
import { type Announcement, Discovery, type Problem, type Scan } from "../Discovery.ts"
import { instanceName } from "../instanceName.ts"
import { watchedDirectory } from "../watchedDirectory.ts"
import { readServiceFiles, type ServiceFile } from "./serviceFiles.ts"
import * as Listeners from "./ServiceListener.ts"
import { type ListenerVerdict, ServiceListener } from "./ServiceListener.ts"
import { isRegistrationFile } from "./ServiceRegistration.ts"

const transport = "service"

/** How often the processes are checked: a crash changes no file. */
const pollInterval = "2 seconds"

interface Address {
  readonly host: string
  readonly port: number
}

/** Where this machine reaches the service. Undefined if the URL is not one of this machine's. */
const addressOf = (url: string, addresses: ReadonlyArray<string>): Address | undefined => {
  if (!URL.canParse(url)) return undefined
  const parsed = new URL(url)
  if (parsed.protocol !== "http:") return undefined
  const bare = addressIn(parsed)
  const [local] = loopbackOf(bare) ?? []
  const host = local ?? (addresses.includes(bare) ? bare : undefined)
  return host === undefined ? undefined : { host, port: portIn(parsed) }
}

interface Found {
  readonly announcements: ReadonlyArray<Announcement>
  readonly problems: ReadonlyArray<Problem>
}

const nothing: Found = { announcements: [], problems: [] }

/** What the announcement of a service says depends on who listens at its address. */
const found = (file: ServiceFile, address: Address, verdict: ListenerVerdict, hostname: string): Found => {
  const { channel, file: source, registration } = file
  const { password, pid } = registration
  const announcement = (listener: ProcessId | undefined, access: Partial<Announcement>): Announcement => ({
    name: instanceName(undefined, hostname, channel),
    host: hostname,
    url: urlOf(address.host, address.port),
    directory: undefined,
    transport,
    api: 2,
    pid,
    birth: listener?.birth,
    listener: listener === undefined ? undefined : { ...listener, foundBy: transport },
    source,
    ...access,
  })
  switch (verdict._tag) {
    case "Listening":
      return {
        ...nothing,
        announcements: [
          announcement(
            verdict.process,
            password === undefined
              ? {}
              : { credentials: { username: defaultUsername, password: Redacted.make(password) } },
          ),
        ],
      }
    case "Exited":
    case "NotListening":
      // No process has this birth, so requests fail until a scan finds the next process of the service.
      return {
        ...nothing,
        announcements: [announcement({ pid, birth: "none" }, { passwordWithheld: "the service is not running" })],
      }
    case "Foreign":
      return {
        ...nothing,
        problems: [
          {
            source,
            reason: `names process ${pid}, but another program listens on its port ${address.port}, so nothing is sent there. End that program before you start opencode: opencode itself would send it the service's password`,
          },
        ],
      }
    case "Unknown":
      return {
        ...nothing,
        announcements: [
          announcement(undefined, {
            passwordWithheld: `it cannot be checked that process ${pid} listens on port ${address.port} (${verdict.detail})`,
          }),
        ],
      }
  }
}

export interface ServiceOptions {
  /** Absolute path of the directory in which opencode keeps the registrations of its services. */
  readonly directory: string
}

/** `Discovery` over any {@link ServiceListener}. */
export const layerNoDeps = ({ directory }: ServiceOptions) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
      const { addresses, hostname, isAlive } = yield* LocalMachine
      const listeners = yield* ServiceListener
      const processes = yield* ServerProcesses
      /** The running services of the last scan, by URL. */
      let running: ReadonlyMap<string, ProcessId> = new Map()

      const check = Effect.fnUntraced(function* (file: ServiceFile) {
        const { pid, url } = file.registration
        const address = addressOf(url, addresses())
        if (address === undefined) {
          const reason = `names ${quote(url)}, which is not an address of this machine, so nothing is sent there`
          return { ...nothing, problems: [{ source: file.file, reason }] }
        }
        return found(file, address, yield* listeners.check({ pid, ...address }), hostname)
      })

      const scan = Effect.gen(function* () {
        const { failed = false, files, problems } = yield* readServiceFiles(directory)
        if (failed) return { announcements: [], problems, failed } satisfies Scan as Scan
        const all = yield* Effect.forEach(files, check)
        const announcements = all.flatMap((one) => one.announcements)
        running = new Map(
          announcements.flatMap(({ listener, passwordWithheld, url }) =>
            listener === undefined || passwordWithheld !== undefined ? [] : [[url, listener]],
          ),
        )
        processes.replaceAll(transport, running)
        return { announcements, problems: [...problems, ...all.flatMap((one) => one.problems)] } satisfies Scan as Scan
      }).pipe(Effect.provideContext(services), boundedScan(directory), Effect.withSpan("Service.scan"))

      const haveExited = Effect.sync(() => [...running.values()].some(({ birth, pid }) => !isAlive(pid, birth)))
      const exits = Stream.fromEffectSchedule(haveExited, Schedule.spaced(pollInterval)).pipe(
        Stream.changes,
        Stream.filter((exited) => exited),
        Stream.map(() => undefined),
      )
      const files = Stream.provideContext(watchedDirectory(directory, isRegistrationFile), services)
      const changes = Stream.merge(files, exits)
      return Discovery.of({ scan, changes })
    }),
  )

export const layer = (options: ServiceOptions) => Layer.provide(layerNoDeps(options), Listeners.layer)
