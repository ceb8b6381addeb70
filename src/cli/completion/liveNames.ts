/** The names of instances and sessions, from the running fleet. They are kept for seconds, because Tab is pressed often. */
import { Clock, Duration, Effect, FileSystem, Option, Path, Schema } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import * as Services from "../../layers.ts"
import { replaceFile } from "../../machine/atomicWrite.ts"
import { OpencodeClient } from "../../opencode/Opencode.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import { Settings, type SettingsValues } from "../../Settings.ts"
import { plainLine } from "../../text/plainText.ts"
import { families } from "../../tools/sessions/families.ts"
import { makeSharedSessions } from "../../tools/sessions/sharedSessions.ts"
import type { Candidate } from "./candidates.ts"
import { isOnline } from "../../fleet/Instance.ts"

/** How long names are offered without asking the fleet. */
const freshFor = Duration.toMillis("5 seconds")

/** Older names are better than none if the fleet takes too long. */
const usableFor = Duration.toMillis("1 hour")

/** How long Tab may take. */
const patience = "1500 millis"

/** An instance that takes longer is not offered. */
const probeTimeout = Duration.millis(500)

/** Names of this many questions are kept. */
const maxKept = 20

const maxSessions = 100

const Names = Schema.Array(Schema.Struct({ value: Schema.String, description: Schema.String }))

const Kept = Schema.Struct({
  /** The settings that decide which instances are found. */
  fleet: Schema.String,
  names: Schema.Array(Schema.Struct({ of: Schema.String, at: Schema.Finite, names: Names })),
})

const KeptJson = Schema.fromJsonString(Kept)

const fleetOf = ({ relayDirectory, sshHosts, tailscaleTag, transports }: SettingsValues) =>
  JSON.stringify([relayDirectory, transports, sshHosts, tailscaleTag])

const file = Effect.gen(function* () {
  const { stateDirectory } = yield* Settings
  return (yield* Path.Path).join(stateDirectory, "completion.json")
})

const kept = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const all = yield* Effect.flatMap(fs.readFileString(yield* file), Schema.decodeEffect(KeptJson))
  return all.fleet === fleetOf(yield* Settings) ? all.names : []
}).pipe(Effect.orElseSucceed(() => []))

const keep = Effect.fnUntraced(
  function* (of: string, names: ReadonlyArray<Candidate>) {
    const fs = yield* FileSystem.FileSystem
    const settings = yield* Settings
    const others = (yield* kept).filter((each) => each.of !== of)
    const at = yield* Clock.currentTimeMillis
    const json = yield* Schema.encodeEffect(KeptJson)({
      fleet: fleetOf(settings),
      names: [{ of, at, names }, ...others].slice(0, maxKept),
    })
    yield* fs.makeDirectory(settings.stateDirectory, { recursive: true, mode: 0o700 })
    yield* replaceFile(yield* file, json)
  },
  (kept) => Effect.ignore(kept),
)

const quickFleet = Services.fleetLayer(Effect.map(Settings, (settings) => ({ ...settings, probeTimeout })))

/** From the file if that is fresh, else from the fleet; from an older file if the fleet does not answer in time. */
const quickly = Effect.fnUntraced(function* <E, R>(of: string, ask: Effect.Effect<ReadonlyArray<Candidate>, E, R>) {
  const now = yield* Clock.currentTimeMillis
  const known = (yield* kept).find((each) => each.of === of && now - each.at < usableFor)
  if (known !== undefined && now - known.at < freshFor) return known.names
  const asked = yield* ask.pipe(Effect.timeoutOption(patience), Effect.orElseSucceed(Option.none))
  if (Option.isNone(asked)) return known?.names ?? []
  yield* keep(of, asked.value)
  return asked.value
})

const online = Effect.gen(function* () {
  const { snapshot } = yield* Fleet
  const { instances } = yield* snapshot
  return instances
    .filter(isOnline)
    .map(({ directory = "", name }) => ({ value: name, description: plainLine(directory) }))
})

/** Ids and the words that stand for sessions are no titles, and flags begin with a dash. */
const reserved = /^(?:-|ses_|latest$|new$)/iu

const longestTitle = 80

type Titled = Pick<Session, "id" | "title">

/** Names each session by its title if that stands for it only, else by its id. `all`: the sessions that a title may match. */
export const sessionNames = (shown: ReadonlyArray<Titled>, all: ReadonlyArray<Titled>): ReadonlyArray<Candidate> => {
  const titles = all.map(({ title }) => title.toLowerCase())
  const isUnique = (folded: string) => titles.filter((title) => title.includes(folded)).length === 1
  return shown.map(({ id, title }) => {
    const isUsable = title !== "" && title === plainLine(title) && title.length <= longestTitle && !reserved.test(title)
    return isUsable && isUnique(title.toLowerCase())
      ? { value: title, description: id }
      : { value: id, description: plainLine(title) }
  })
}

/** Those that `list_sessions` lists, without asking what they do. */
const sessionsOf = Effect.fnUntraced(function* (instance: string) {
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const sharedSessions = makeSharedSessions(fleet, client)
  return yield* fleet.use(
    instance,
    Effect.fnUntraced(function* (target) {
      const opencode = client.at(target)
      const all = yield* opencode.sessions
      const { own } = yield* sharedSessions(target.instance, all, opencode)
      const { shown } = families(own, { directory: "", limit: maxSessions, offset: 0, search: "" })
      return sessionNames(shown, all)
    }),
  )
})

export const liveNames = {
  instances: quickly("instances", Effect.provide(online, quickFleet)),
  sessions: (instance: string) => quickly(`sessions of ${instance}`, Effect.provide(sessionsOf(instance), quickFleet)),
}
