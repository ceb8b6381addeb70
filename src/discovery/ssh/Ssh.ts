/**
 * `TRANSPORT=ssh`: opencodes on the hosts of `SSH_HOSTS`, over one ssh connection per host. Nothing is installed there: a
 * shell script that arrives on stdin reports which servers are running, and ssh forwards to them.
 */
import { Duration, Effect, Exit, FileSystem, Layer, Path, PubSub, Scope, Semaphore, Stream } from "effect"
import type { PlatformError } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { fileErrorText } from "../../machine/fileError.ts"
import { Discovery, type Problem, type Scan } from "../Discovery.ts"
import { ScanTimeout } from "../guarded.ts"
import { identifier } from "../identification/identifier.ts"
import { announceServer, announceServices, candidatesOn } from "./hostAnnouncements.ts"
import { problemsOf } from "./hostProblems.ts"
import { namedHosts } from "./namedHosts.ts"
import { keepHost, type SshHost } from "./SshHost.ts"

/** A login takes time and processor time on this machine. */
const maxLogins = 16

/** Each host costs a process and a connection. */
const maxHosts = 200

/** Part of the time that a scan may take in which hosts may answer. */
const hostShare = 0.6

/** A host that answers later is shown by the next scan. */
const maxHostTime = Duration.seconds(8)

const probing = { concurrency: 64, timeout: 2000, timeBudget: "2 seconds" } as const

export interface SshOptions {
  /** Names as `ssh` takes them, patterns for `Host` entries of the user's configuration, and exclusions with `!`. */
  readonly hosts: ReadonlyArray<string>
}

/** `count` is the number of hosts that the items name. */
const hostCountProblems = (count: number): ReadonlyArray<Problem> => {
  if (count === 0) return [{ source: "ssh", reason: "found no host: no Host entry of the ssh configuration matches" }]
  return count > maxHosts
    ? [
        {
          source: "ssh",
          reason: `connects to the first ${maxHosts} hosts only, of ${count} named ones`,
        },
      ]
    : []
}

const notMade = (error: PlatformError.PlatformError): Scan => ({
  announcements: [],
  failed: true,
  problems: [{ source: "ssh", reason: `cannot create its directory of sockets (TMPDIR): ${fileErrorText(error)}` }],
})

interface Kept {
  readonly host: SshHost
  readonly scope: Scope.Closeable
}

export const layer = ({ hosts: items }: SshOptions) =>
  Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const scope = yield* Effect.scope
      const services = yield* Effect.context<
        FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner
      >()
      const identify = yield* identifier(probing)
      const logins = yield* Semaphore.make(maxLogins)
      const changes = yield* Effect.acquireRelease(PubSub.sliding<void>(1), PubSub.shutdown)
      // The sockets in it lead to the servers. Its mode is 0700. A failure is tried again at the next scan.
      let directory: string | undefined
      const socketDirectory = Effect.suspend(() =>
        directory === undefined
          ? fs.makeTempDirectoryScoped({ prefix: "ocf-" }).pipe(
              Scope.provide(scope),
              Effect.tap((made) => Effect.sync(() => (directory = made))),
            )
          : Effect.succeed(directory),
      )
      const kept = new Map<string, Kept>()
      let connections = 0

      const open = Effect.fnUntraced(function* (name: string) {
        const sockets = yield* socketDirectory
        const newControlPath = Effect.sync(() => path.join(sockets, String(connections++)))
        const own = yield* Scope.fork(scope)
        const onChange = PubSub.publish(changes, undefined)
        const host = yield* keepHost({ host: name, newControlPath, logins, onChange }).pipe(
          Scope.provide(own),
          Effect.provideContext(services),
        )
        kept.set(name, { host, scope: own })
      })
      const close = (name: string, { scope: own }: Kept) =>
        Effect.andThen(
          Effect.sync(() => kept.delete(name)),
          Scope.close(own, Exit.void),
        )
      /** The ssh configuration may have changed. If it cannot be read, the known hosts stay. */
      const updateHosts = Effect.gen(function* () {
        const { hosts, problems } = yield* namedHosts(items)
        const all = problems.length === 0 ? hosts : [...new Set([...kept.keys(), ...hosts])]
        const used = all.slice(0, maxHosts)
        yield* Effect.forEach(
          used.filter((name) => !kept.has(name)),
          open,
        )
        yield* Effect.forEach(
          [...kept].filter(([name]) => !used.includes(name)),
          ([name, one]) => close(name, one),
        )
        return [...(all.length === 0 && problems.length > 0 ? [] : hostCountProblems(all.length)), ...problems]
      })

      yield* Effect.ignore(updateHosts)
      const scan = Effect.gen(function* () {
        const hostProblems = yield* updateHosts
        const hosts = [...kept].map(([name, { host }]) => ({ name, host }))
        const timeout = Duration.min(Duration.times(yield* ScanTimeout, hostShare), maxHostTime)
        yield* Effect.forEach(hosts, ({ host }) => Effect.timeoutOption(host.look, timeout), {
          concurrency: "unbounded",
          discard: true,
        })
        const states = yield* Effect.forEach(hosts, ({ host, name }) =>
          Effect.map(host.state, (state) => ({ name, state })),
        )
        const { opencodes } = yield* identify(states.flatMap(({ name, state }) => candidatesOn(name, state)))
        const isIncomplete = states.some(({ state }) => state.link._tag === "connecting")
        const result: Scan = {
          announcements: [
            ...states.flatMap(({ name, state }) => announceServices(name, state)),
            ...opencodes.map(announceServer),
          ],
          problems: [...hostProblems, ...states.flatMap(({ name, state }) => problemsOf(name, state))],
          ...(isIncomplete ? { incomplete: true } : {}),
        }
        return result
      }).pipe(
        Effect.catchTag("PlatformError", (error) => Effect.succeed(notMade(error))),
        Effect.provideContext(services),
        Effect.withSpan("Ssh.scan"),
      )

      return Discovery.of({ scan, changes: Stream.fromPubSub(changes) })
    }),
  )
