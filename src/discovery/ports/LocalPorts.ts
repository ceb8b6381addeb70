/**
 * `TRANSPORT=local-ports`: opencodes of this user on this machine and behind the user's tunnels, found without a
 * registration.
 *
 * Other servers receive at most one small request per minute, and never the password.
 */
import { Clock, Duration, Effect, Layer, Queue, Stream } from "effect"
import { plainLine } from "../../text/plainText.ts"
import { defaultLocalPorts } from "../defaults.ts"
import { type Announcement, Discovery, type Problem, type Scan } from "../Discovery.ts"
import { identifier, type Identified, withheld } from "../identification/identifier.ts"
import { instanceName } from "../instanceName.ts"
import { LocalMachine } from "../../machine/LocalMachine.ts"
import { ServerProcesses } from "../../machine/ServerProcesses.ts"
import { candidatesOf, type PortCandidate } from "./candidates.ts"
import { type Listening, ListeningSockets, type Owner } from "./ListeningSockets.ts"
import * as SystemSockets from "./systemSockets.ts"

const transport = "local-ports"

const problem = (reason: string): Problem => ({ source: transport, reason })

const probing = { concurrency: 64, timeout: 1000, timeBudget: "4 seconds" } as const

/** How long a listening opencode may take to start answering, and the pause between probes until then. */
const starting = { maxMillis: Duration.toMillis("20 seconds"), pause: "2 seconds" } as const

/** Whether the listener is the end of an ssh tunnel, so that the server runs on another machine. */
const isTunnel = ({ program }: Owner) => /^sshd?(?:-session)?(?:\.exe)?$/u.test(program)

const processOf = (owner: Owner | undefined) =>
  owner === undefined ? "unknown process" : `${owner.program}, process ${owner.pid}`

/** Why the fleet's password is not sent to the service of opencode 2. */
const ownPassword = "it has a password of its own"

const announce = (identified: Identified<PortCandidate>, hostname: string): Announcement => {
  const { candidate, identity } = identified
  const { aliases, likely, owner, port, url } = candidate
  const host = likely ? hostname : ""
  const listener = likely ? owner : undefined
  const isService = listener?.mode === "service"
  // The service of opencode 2 serves all directories.
  const directory = isService ? "" : plainLine(identity.location?.directory ?? listener?.directory ?? "")
  const source = `port ${port} (${processOf(owner)})`
  const untrusted = `${source} is not known to be this user's opencode`
  const passwordWithheld = isService ? ownPassword : withheld(identified, untrusted)
  const remedyOf = (): Pick<Announcement, "passwordRemedy"> => {
    if (isService) return { passwordRemedy: { _tag: "UseService" } }
    return passwordWithheld === untrusted ? { passwordRemedy: { _tag: "Register", url } } : {}
  }
  const defaultName = host === "" && directory === "" ? `opencode-${port}` : undefined
  return {
    name: instanceName(defaultName, host, directory, identity.location?.worktree),
    host,
    url,
    aliases,
    directory: directory === "" ? undefined : directory,
    transport,
    passwordWithheld,
    api: identity.api,
    ...remedyOf(),
    pid: listener?.pid,
    birth: listener?.birth,
    listener: listener === undefined ? undefined : { pid: listener.pid, birth: listener.birth, foundBy: transport },
    tunnelled: owner !== undefined && isTunnel(owner),
    source,
  }
}

/** The sockets, and why some may be missing. */
interface SocketList {
  readonly listening: ReadonlyArray<Listening>
  readonly problems: ReadonlyArray<Problem>
}

/** The system listed the sockets before, and does not now, for example because too many files are open. */
const failed = (reason: string): Scan => ({ announcements: [], failed: true, problems: [problem(reason)] })

export interface LocalPortsOptions {
  /** Ports to probe if the system does not list the listening sockets. Default: 4096 to 4111. */
  readonly ports?: ReadonlyArray<number> | undefined
}

/** `Discovery` over any {@link ListeningSockets}. */
export const layerNoDeps = ({ ports = defaultLocalPorts }: LocalPortsOptions = {}) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const sockets = yield* ListeningSockets
      const { addresses, hostname } = yield* LocalMachine
      const identify = yield* identifier(probing)
      /** When each listening opencode that does not answer yet was first seen, in epoch milliseconds. */
      const silent = new Map<string, number>()
      const rescan = yield* Queue.sliding<void>(1)
      const processes = yield* ServerProcesses

      /** A process that was identified as opencode stays identified while it listens, even if it does not answer. */
      const ownersOf = (candidates: ReadonlyArray<PortCandidate>, answering: ReadonlySet<string>) =>
        new Map(
          candidates.flatMap(({ key, likely, owner, url }) => {
            const before = processes.at(url, transport)
            const isSame = before !== undefined && before.pid === owner?.pid && before.birth === owner.birth
            return likely && owner !== undefined && (isSame || answering.has(key))
              ? [[url, { pid: owner.pid, birth: owner.birth }] as const]
              : []
          }),
        )

      /** Assumed sockets, for systems that do not list them. */
      const range = ports.map((port): Listening => ({
        key: String(port),
        address: "127.0.0.1",
        port,
        owner: undefined,
      }))

      let wasListed = false

      const listen = sockets.list.pipe(
        Effect.map((listening): SocketList => {
          wasListed = true
          return { listening, problems: [] }
        }),
        Effect.catch((error) => {
          const { message } = error
          if (wasListed) return Effect.fail(error)
          return Effect.succeed<SocketList>({
            listening: range,
            problems: [
              {
                source: transport,
                reason: `${message}. Only the configured ports are probed`,
                remedy: { _tag: "ChooseLocalPorts" },
              },
            ],
          })
        }),
      )

      /** Scans again soon while an opencode is starting, because its first answer changes no socket. */
      const rescanWhileStarting = Effect.fnUntraced(function* (startingKeys: ReadonlySet<string>) {
        const now = yield* Clock.currentTimeMillis
        for (const key of silent.keys()) if (!startingKeys.has(key)) silent.delete(key)
        for (const key of startingKeys) if (!silent.has(key)) silent.set(key, now)
        const isStarting = [...silent.values()].some((since) => now - since < starting.maxMillis)
        if (isStarting) yield* Queue.offer(rescan, undefined)
      })

      const scan = Effect.gen(function* () {
        const { listening, problems } = yield* listen
        // A private server of opencode 2 belongs to the program that started it, and shares its sessions with the service.
        const others = listening.filter(({ owner }) => owner?.pid !== process.pid && owner?.mode !== "private")
        const candidates = candidatesOf(others, addresses())
        const { opencodes, unprobed } = yield* identify(candidates)
        const answering = new Set(opencodes.map(({ candidate }) => candidate.key))
        if (problems.length === 0) processes.replaceAll(transport, ownersOf(candidates, answering))
        yield* rescanWhileStarting(
          new Set(candidates.flatMap(({ key, likely }) => (likely && !answering.has(key) ? [key] : []))),
        )
        const late = `${unprobed} of ${candidates.length} ports have not been probed yet, because others took long to answer; the next scans continue`
        const result: Scan = {
          announcements: opencodes.map((one) => announce(one, hostname)),
          problems: unprobed > 0 ? [...problems, problem(late)] : problems,
        }
        return result
      }).pipe(
        Effect.catch(({ message }) => Effect.succeed(failed(message))),
        Effect.withSpan("LocalPorts.scan"),
      )

      const changes = Stream.merge(
        sockets.changes,
        Stream.tap(Stream.fromQueue(rescan), () => Effect.sleep(starting.pause)),
      )
      return Discovery.of({ scan, changes })
    }),
  )

export const layer = (options?: LocalPortsOptions) => Layer.provide(layerNoDeps(options), SystemSockets.layer)
