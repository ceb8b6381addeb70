/**
 * `npm run record`: plays the scenarios on a real opencode 1 and a real opencode 2, and writes their events and stored state
 * to `logs/1/` and `logs/2/`, as test data for `test/opencode/turn/recordings.test.ts` and
 * `test/opencode/v2/scenarios.test.ts`. `-- --opencode 2` records only that version; other arguments select scenarios by name.
 *
 * On a new opencode: record, read the difference, and run the tests.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Layer, Path, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { parseArgs } from "node:util"
import type { OpencodeServer } from "../support/OpencodeServer.ts"
import { opencode2Binary } from "../support/opencode2Binary.ts"
import { start } from "../support/RealOpencode.ts"
import { ScriptedModel } from "../support/ScriptedModel.ts"
import { openStage1 } from "./openStage1.ts"
import { openStage2 } from "./openStage2.ts"
import { expectedOn, type Scenario } from "./plays.ts"
import { scenarios } from "./scenarios.ts"
import { tidy } from "./tidy.ts"

const { positionals, values } = parseArgs({ allowPositionals: true, options: { opencode: { type: "string" } } })

const isWanted = (api: 1 | 2) => values.opencode === undefined || values.opencode === String(api)

const versions = ([1, 2] as const).filter(isWanted)

if (versions.length === 0) throw new Error("--opencode must be 1 or 2")

const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

const versionOf = ({ api, password, url }: OpencodeServer) =>
  HttpClientRequest.get(`${url}${api === 1 ? "/global/health" : "/api/info"}`).pipe(
    password === undefined ? (same) => same : HttpClientRequest.basicAuth("opencode", password),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Schema.Struct({ version: Schema.String }))),
    Effect.map(({ version }) => version),
    Effect.provide(FetchHttpClient.layer),
  )

const recordOn = Effect.fnUntraced(function* (api: 1 | 2) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const logs = path.join(import.meta.dirname, "logs", String(api))
  yield* fs.makeDirectory(logs, { recursive: true })
  const instances = {
    allowing: yield* start({ api, snapshots: true }),
    asking: yield* start({ api, permission: "ask", snapshots: true }),
    mortal: yield* start({ api, permission: "ask", snapshots: true }),
  }
  const version = yield* versionOf(instances.allowing)

  const record = Effect.fnUntraced(function* ({ name, on, play }: Scenario) {
    const opencode = instances[on]
    const stage = yield* (api === 1 ? openStage1 : openStage2)(opencode)
    const { snapshots = [], turns } = yield* play(stage)
    const end = yield* stage.snapshot
    const { session } = stage
    const log = yield* stage.log
    const recording = { name, opencode: version, session, turns: turns.map(expectedOn(api)), log, snapshots, end }
    const file = path.join(logs, `${name.replaceAll(" ", "-")}.json`)
    const { clipped, text } = tidy(recording, path.dirname(opencode.directory))
    yield* fs.writeFileString(file, text)
    yield* Console.log(`opencode ${version}, ${name}: ${log.length} entries, ${clipped} texts clipped`)
  }, Effect.scoped)

  // The scenarios of one instance run in sequence, because killing the instance ends all of them.
  const groups = Object.values(Object.groupBy(chosen, ({ on }) => on))
  yield* Effect.forEach(groups, (group) => Effect.forEach(group ?? [], record, { discard: true }), {
    concurrency: "unbounded",
    discard: true,
  })
}, Effect.scoped)

const recordIfInstalled = Effect.fnUntraced(function* (api: 1 | 2) {
  const fs = yield* FileSystem.FileSystem
  if (api === 1 || (yield* fs.exists(opencode2Binary))) return yield* recordOn(api)
  yield* Console.error("SKIPPED: opencode 2 is not installed; it exists for Linux on x64 only")
})

const program = Effect.forEach(versions, recordIfInstalled, { discard: true }).pipe(
  Effect.provide(ScriptedModel.layer.pipe(Layer.provideMerge(NodeServices.layer))),
)

NodeRuntime.runMain(program)
