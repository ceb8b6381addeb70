/**
 * The opencodes of this user that run on this machine, and that no transport finds. Only processes that are named opencode are
 * asked, once, and without a password.
 */
import { Effect, type FileSystem, Layer, type Path } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { type Announcement, Discovery } from "../../../discovery/Discovery.ts"
import { ListeningSockets } from "../../../discovery/ports/ListeningSockets.ts"
import * as LocalPorts from "../../../discovery/ports/LocalPorts.ts"
import * as SystemSockets from "../../../discovery/ports/systemSockets.ts"
import { urls } from "../../../discovery/servers.ts"
import { Fleet } from "../../../fleet/Fleet.ts"
import { identificationLayer } from "../../../layers.ts"
import { makeServerProcesses, ServerProcesses } from "../../../machine/ServerProcesses.ts"
import { Settings } from "../../../Settings.ts"
import { listText } from "../../../text/listText.ts"
import { plainLine } from "../../../text/plainText.ts"
import { type Check, warning } from "../Check.ts"

const maxNamed = 5

/** The check of the service says what is wrong with that one. */
const opencodeSockets = Layer.effect(
  ListeningSockets,
  Effect.map(ListeningSockets, ({ changes, list }) => ({
    changes,
    list: Effect.map(list, (all) => all.filter(({ owner }) => owner?.isOpencode === true && owner.mode === undefined)),
  })),
)

const subject = ({ directory, pid, url }: Announcement) =>
  `${url} (process ${pid}${directory === undefined ? "" : `, ${plainLine(directory)}`})`

const observe = (unannounced: ReadonlyArray<Announcement>, transports: ReadonlyArray<string>) =>
  warning(
    `${unannounced.length === 1 ? "an opencode is running" : `${unannounced.length} opencodes are running`} on this machine and no transport finds ${unannounced.length === 1 ? "it" : "them"}: ${listText(unannounced.map(subject), maxNamed, "; ")}`,
    `Set TRANSPORT=${[...transports, "local-ports"].join(",")}, which finds every opencode of yours on this machine, or start it with \`opencode-fleet connect\`.`,
  )

/** Of what listens here. Where the system does not list it, nothing is said. */
export const unannouncedOf = <E, R>(sockets: Layer.Layer<ListeningSockets, E, R>) => {
  const found = LocalPorts.layerNoDeps({ ports: [] }).pipe(
    Layer.provide(Layer.provide(opencodeSockets, sockets)),
    Layer.provide(Layer.sync(ServerProcesses, makeServerProcesses)),
  )
  return Effect.gen(function* () {
    const { transports } = yield* Settings
    if (transports.includes("local-ports")) return []
    const { instances } = yield* (yield* Fleet).snapshot
    const { announcements } = yield* Effect.flatMap(Discovery, ({ scan }) => scan).pipe(Effect.provide(found))
    const known = new Set<string | number | undefined>(
      instances.flatMap((one) => [...[one, ...one.fallbacks].flatMap(urls), one.pid, one.listener?.pid]),
    )
    known.delete(undefined)
    const unannounced = announcements.filter((one) => ![...urls(one), one.pid].some((each) => known.has(each)))
    return unannounced.length === 0 ? [] : [observe(unannounced, transports)]
  })
}

export const unannounced: Check<
  Settings | Fleet | FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner
> = {
  name: "instances",
  run: Effect.suspend(() => unannouncedOf(SystemSockets.layer)).pipe(Effect.provide(identificationLayer())),
}
