/**
 * `TRANSPORT=local-ports`: opencodes of this user that run on this machine, and those that a tunnel of this user's leads
 * to, without anybody having registered them.
 *
 * Whoever else listens here is asked one small question a minute at the most, and never sees the password.
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

const asking = { atOnce: 64, timeout: 1000, patience: "4 seconds" } as const

/** How long an opencode may take from listening to answering, and how often it is asked meanwhile. */
const starting = { longest: Duration.toMillis("20 seconds"), pause: "2 seconds" } as const

/** A tunnel's end listens here, and what answers is somewhere else. */
const isTunnel = ({ program }: Owner) => /^sshd?(?:-session)?(?:\.exe)?$/u.test(program)

const processOf = (owner: Owner | undefined) =>
  owner === undefined ? "unknown process" : `${owner.program}, process ${owner.pid}`

const announce = (found: Identified<PortCandidate>, hostname: string): Announcement => {
  const { candidate, identity } = found
  const { aliases, likely, owner, port, url } = candidate
  const host = likely ? hostname : ""
  const ours = likely ? owner : undefined
  const directory = plainLine(identity.place?.directory ?? ours?.directory ?? "")
  const source = `port ${port} (${processOf(owner)})`
  const unknown = host === "" && directory === "" ? `opencode-${port}` : undefined
  return {
    name: instanceName(unknown, host, directory, identity.place?.worktree),
    host,
    url,
    aliases,
    directory: directory === "" ? undefined : directory,
    transport,
    passwordWithheld: withheld(
      found,
      `${source} is not known to be an opencode's of this user; \`opencode-fleet connect --attach ${url}\` vouches for it, with local-relay in TRANSPORT`,
    ),
    pid: ours?.pid,
    birth: ours?.birth,
    listener: ours === undefined ? undefined : { pid: ours.pid, birth: ours.birth },
    tunnelled: owner !== undefined && isTunnel(owner),
    source,
  }
}

/** The sockets to look at, and why they may not be all. */
interface Heard {
  readonly listening: ReadonlyArray<Listening>
  readonly problems: ReadonlyArray<Problem>
}

export interface LocalPortsOptions {
  /** Ports to probe where the system does not list the listening sockets. Default: 4096 to 4111. */
  readonly ports?: ReadonlyArray<number> | undefined
}

/** `Discovery` over any {@link ListeningSockets}. */
export const layerNoDeps = ({ ports = defaultLocalPorts }: LocalPortsOptions = {}) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const sockets = yield* ListeningSockets
      const { addresses, hostname } = yield* LocalMachine
      const identify = yield* identifier(asking)
      /** When each opencode that does not answer yet was first seen. */
      const silent = new Map<string, number>()
      const again = yield* Queue.sliding<void>(1)
      const processes = yield* ServerProcesses

      /** A process that was found to be an opencode stays one while it listens there, whether it answers now or not. */
      const ownersOf = (candidates: ReadonlyArray<PortCandidate>, answering: ReadonlySet<string>) =>
        new Map(
          candidates.flatMap(({ key, likely, owner, url }) => {
            const before = processes.at(url)
            const isSame = before !== undefined && before.pid === owner?.pid && before.birth === owner.birth
            return likely && owner !== undefined && (isSame || answering.has(key))
              ? [[url, { pid: owner.pid, birth: owner.birth }] as const]
              : []
          }),
        )

      /** Where the system does not say who listens, some may. */
      const range = ports.map((port): Listening => ({
        key: String(port),
        address: "127.0.0.1",
        port,
        owner: undefined,
      }))

      const listen = sockets.list.pipe(
        Effect.map((listening): Heard => ({ listening, problems: [] })),
        Effect.catch(({ message }) =>
          Effect.succeed<Heard>({
            listening: range,
            problems: [problem(`${message}. Only the ports of LOCAL_PORTS are asked`)],
          }),
        ),
      )

      /** One that has just begun to listen does not answer at once, and nothing changes when it does. */
      const remember = Effect.fnUntraced(function* (starters: ReadonlySet<string>) {
        const now = yield* Clock.currentTimeMillis
        for (const key of silent.keys()) if (!starters.has(key)) silent.delete(key)
        for (const key of starters) if (!silent.has(key)) silent.set(key, now)
        const young = [...silent.values()].some((since) => now - since < starting.longest)
        if (young) yield* Queue.offer(again, undefined)
      })

      const scan = Effect.gen(function* () {
        const { listening, problems } = yield* listen
        const others = listening.filter(({ owner }) => owner?.pid !== process.pid)
        const candidates = candidatesOf(others, addresses())
        const { opencodes, unasked } = yield* identify(candidates)
        const answering = new Set(opencodes.map(({ candidate }) => candidate.key))
        if (problems.length === 0) processes.replaceAll(ownersOf(candidates, answering))
        yield* remember(new Set(candidates.flatMap(({ key, likely }) => (likely && !answering.has(key) ? [key] : []))))
        const late = `${unasked} of ${candidates.length} ports have not been asked yet, for others took long to answer; the next scans go on`
        const found: Scan = {
          announcements: opencodes.map((one) => announce(one, hostname)),
          problems: unasked > 0 ? [...problems, problem(late)] : problems,
        }
        return found
      }).pipe(Effect.withSpan("LocalPorts.scan"))

      const changes = Stream.merge(
        sockets.changes,
        Stream.tap(Stream.fromQueue(again), () => Effect.sleep(starting.pause)),
      )
      return Discovery.of({ scan, changes })
    }),
  )

export const layer = (options?: LocalPortsOptions) => Layer.provide(layerNoDeps(options), SystemSockets.layer)
